//! Real systems: Debian roots made by mmdebstrap, with the sizes that shrink promises.

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{Run, Workshop, debian, minbase, output};

/// Bytes less, in percent.
#[expect(clippy::cast_precision_loss, reason = "a percentage needs three digits")]
fn percent_less(ledger: &Value) -> f64 {
    let bytes = |when: &str| ledger[when]["bytes"].as_u64().expect("a number") as f64;
    100.0 * (1.0 - bytes("after") / bytes("before"))
}

fn make(workshop: &Workshop, root: &Path, result: &str, words: &[&str]) -> Value {
    let root = root.to_str().expect("text");
    let Run { code, stdout, stderr } =
        workshop.shrink(&[&["make", root, "-o", result], words].concat());
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    workshop.ledger(result)
}

fn policy(workshop: &Workshop, text: &str) -> String {
    let file = workshop.path("policy.toml");
    fs::write(&file, text).expect("a file");
    file.to_str().expect("text").to_owned()
}

const SERVES_PAGES: &str = r#"
    [[test]]
    run = "exec nginx -g 'daemon off;'"
    client = "curl -si http://127.0.0.1/ | grep -v ^Date; curl -s http://127.0.0.1/nothing"
    port = 80
"#;

#[test]
fn nginx_that_serves_pages_is_made_93_percent_smaller() {
    let workshop = Workshop::new();
    let root = debian("nginx", &["--variant=minbase", "--include=nginx"]);
    let policy = policy(&workshop, SERVES_PAGES);

    let ledger = make(&workshop, &root, "small.tar", &["--policy", &policy]);

    let less = percent_less(&ledger);
    assert!(less >= 93.0, "{less:.1} % less");
    let page = &ledger["proofs"][0]["expected"]["client's standard output"]["shown"];
    let page = page.as_str().expect("text");
    assert!(page.contains("Welcome to nginx!") && page.contains("404 Not Found"), "{page}");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn nginx_compressed_is_5_percent_smaller_again_without_what_nothing_reaches() {
    let workshop = Workshop::new();
    let root = debian("nginx", &["--variant=minbase", "--include=nginx"]);
    let policy = policy(&workshop, SERVES_PAGES);

    make(&workshop, &root, "whole.squashfs", &["--policy", &policy]);
    let words = ["--policy", &policy, "--fill-unreachable"];
    let ledger = make(&workshop, &root, "filled.squashfs", &words);

    let size = |name| fs::metadata(workshop.path(name)).expect("an image").len();
    let (whole, filled) = (size("whole.squashfs"), size("filled.squashfs"));
    assert!(filled * 100 <= whole * 95, "{whole} bytes became {filled}");
    assert_eq!(ledger["proofs"][0]["differences"], serde_json::json!([]));
    assert_eq!(ledger["fill"]["given-back"], serde_json::json!([]));
}

#[test]
fn a_flask_application_is_made_86_percent_smaller() {
    let workshop = Workshop::new();
    let root = debian("flask", &["--variant=minbase", "--include=python3-flask"]);
    let policy = policy(
        &workshop,
        r#"
        [[test]]
        run = '''exec python3 -c "
        from flask import Flask, jsonify, render_template_string
        app = Flask('demo')
        @app.route('/')
        def home(): return render_template_string('<p>{{ answer }}', answer=42)
        @app.route('/json')
        def json(): return jsonify(answer=42)
        app.run(port=5000)"'''
        client = "curl -s http://127.0.0.1:5000/; curl -s http://127.0.0.1:5000/json"
        port = 5000
        "#
        .replace("\n        ", "\n")
        .as_str(),
    );

    let ledger = make(&workshop, &root, "small.tar", &["--policy", &policy]);

    let less = percent_less(&ledger);
    assert!(less >= 86.0, "{less:.1} % less");
    let page = &ledger["proofs"][0]["expected"]["client's standard output"]["shown"];
    assert_eq!(page, "<p>42{\"answer\":42}");
}

/// What a person types at a shell.
const SHELL: &[&str] = &[
    "bash", "dash", "ls", "cat", "cp", "mv", "rm", "mkdir", "rmdir", "ln", "chmod", "chown",
    "touch", "date", "echo", "printf", "test", "true", "false", "sleep", "sort", "uniq", "wc",
    "head", "tail", "cut", "tr", "sed", "grep", "find", "xargs", "awk", "tar", "gzip", "df", "du",
    "seq", "tee", "id", "whoami", "uname", "hostname", "env", "stat", "basename", "dirname",
];

#[test]
fn a_shell_userland_is_made_93_percent_smaller_and_works_as_before() {
    let workshop = Workshop::new();
    let keep: Vec<_> = SHELL.iter().flat_map(|program| ["--keep", program]).collect();

    let ledger = make(&workshop, &minbase(), "small", &keep);

    let less = percent_less(&ledger);
    assert!(less >= 93.0, "{less:.1} % less");
    // None of this was known when the root was made.
    let unseen = [
        "TZ=Europe/Paris date -d @1700000000; TZ=America/New_York date -d @1700000000 +%Z",
        "LC_ALL=C.UTF-8 grep -o . /etc/hostname | sort -u; printf 'été' | LC_ALL=C.UTF-8 wc -m",
        "ls -l /etc/passwd; id; whoami; stat -c %U /bin; chown daemon:mail /tmp; ls -ld /tmp",
        "find /etc -maxdepth 1 -name passwd | xargs -n1 basename",
        "tar -C /etc -czf /tmp/x.tgz passwd && tar -tzf /tmp/x.tgz && gzip -l /tmp/x.tgz | tail -n1 | awk '{print $2}'",
        "echo one two | awk '{print $2}' | sed s/w/W/ | tr a-z A-Z | cut -c1-2",
        "seq 1 3 | tee /tmp/three; printf '%s\\n' c a b | sort | head -n1; false; echo $?",
        "bash -c 'printf \"%q \\u00e9\\n\" \"a b\"; echo {1..3} ${BASH_VERSION%%.*}; getent 2>&1 | head -n0'",
        "df / >/dev/null; du -s /etc/passwd >/dev/null; uname -s; hostname",
        "echo '/tmp/*' $((6*7)); cd /; pwd -P; umask; ulimit -n >/dev/null; echo ~root",
    ];
    for test in unseen {
        let minbase = minbase();
        let against = ["prove", "small", "--against", minbase.to_str().expect("text"), "-t", test];
        let run = workshop.shrink(&against);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    }
}

#[test]
fn without_programs_every_program_of_minbase_prints_the_same() {
    let workshop = Workshop::new();
    let root = minbase();
    let ledger = make(&workshop, &root, "small", &[]);
    assert!(percent_less(&ledger) > 25.0);
    // A program that waits for input finds its end; one that runs on is ended, and what it says
    // without end is cut, or nothing after it would be compared. Perl's tables have an order of
    // their own in every run, unless they are told which.
    let options = if testkit::is_full() { "--version --help" } else { "--version" };
    let test = format!(
        "export PERL_HASH_SEED=0; cd /usr/bin; for program in * ../sbin/*; do \
         for option in {options}; do echo \"== $program $option\"; \
         {{ timeout 5 ./$program $option </dev/null 2>&1; echo \"== $?\"; }} | head -c 20000; \
         done; done"
    );

    let words = ["prove", "small", "--against", root.to_str().expect("text"), "-t", &test];
    let run = workshop.shrink(&[&words[..], &["--limit", "900"]].concat());

    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

#[test]
fn directfb_for_another_machine_is_made_95_percent_smaller_with_its_modules() {
    let workshop = Workshop::new();
    let root = debian(
        "armel",
        &[
            "--variant=extract",
            "--arch=armel",
            "--skip=check/qemu",
            "--include=apt,bash,coreutils,debconf,e2fsprogs,findutils,grep,gzip,login,mount,perl-base,\
             sed,sysvinit-utils,tar,util-linux,busybox,libdirectfb-bin,libdirectfb-extra",
            "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
            "--extract-hook=ln -sf busybox \"$1/bin/sh\"; mkdir -p \"$1/tmp\" \"$1/dev\" \"$1/proc\"",
        ],
    );
    let test = "busybox uname -m; dfbinfo --dfb:system=devmem,no-vt; dfbdump; echo $?";

    let ledger = make(&workshop, &root, "small", &["-t", test]);

    let less = percent_less(&ledger);
    assert!(less >= 95.0, "{less:.1} % less");
    let shown = ledger["proofs"][0]["expected"]["standard output"]["shown"].as_str();
    assert!(shown.expect("text").starts_with("armv7l"), "{shown:?}");
    let modules = workshop.path("small/usr/lib/arm-linux-gnueabi/directfb-1.7-7");
    for module in ["systems", "inputdrivers", "wm", "interfaces/IDirectFBImageProvider"] {
        let found = fs::read_dir(modules.join(module)).expect(module).count();
        assert!(found > 0, "{module}");
    }
}

#[test]
fn an_image_of_containers_is_read_layer_by_layer() {
    let workshop = Workshop::new();
    let root = workshop.root("layer");
    let [layer, upper] = ["one.tar", "two.tar"].map(|name| workshop.path(name));
    let [layer_name, upper_name] = [&layer, &upper].map(|path| path.to_str().expect("text"));
    let root_name = root.to_str().expect("text").to_owned();
    output("tar", &["-C", &root_name, "-cf", layer_name, "."]);
    let second = workshop.path("second");
    fs::create_dir_all(second.join("opt")).expect("a directory");
    fs::create_dir_all(second.join("usr/share/doc")).expect("a directory");
    for (path, content) in [
        ("opt/.wh.unused", ""),
        ("usr/share/doc/.wh..wh..opq", ""),
        ("opt/greeting", "hello again\n"),
    ] {
        fs::write(second.join(path), content).expect("a file");
    }
    output("tar", &["-C", second.to_str().expect("text"), "-czf", upper_name, "."]);
    let image = image(&workshop, &[&layer, &upper]);
    output(
        "tar",
        &[
            "-C",
            image.to_str().expect("text"),
            "-cf",
            workshop.path("image.tar").to_str().expect("text"),
            ".",
        ],
    );

    for form in ["image", "image.tar"] {
        let small = format!("small-of-{}", form.replace('.', "-"));
        let words = ["make", form, "-o", &small, "-t", "/opt/greet", "--leave", "documentation"];
        let said = workshop.shrink(&words).fine();
        assert!(said.contains("test 1: the same"), "{said}");
        let greeting = workshop.path(&small).join("opt/greeting");
        assert_eq!(fs::read(greeting).expect("a file"), b"hello again\n");
        let ledger = workshop.ledger(&small);
        assert!(!ledger.to_string().contains("opt/unused"), "a layer took it away");
        assert!(!ledger.to_string().contains("README"), "a layer took it away");
    }
}

/// An OCI image layout of these layers.
fn image(workshop: &Workshop, layers: &[&Path]) -> std::path::PathBuf {
    let image = workshop.path("image");
    let blobs = image.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a directory");
    fs::write(image.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file");
    let blob = |content: &[u8]| {
        let digest = blake3::hash(content).to_hex().to_string();
        fs::write(blobs.join(&digest), content).expect("a blob");
        serde_json::json!({"digest": format!("sha256:{digest}"), "size": content.len()})
    };
    let layers: Vec<_> =
        layers.iter().map(|layer| blob(&fs::read(layer).expect("a layer"))).collect();
    let manifest = serde_json::json!({"schemaVersion": 2, "layers": layers});
    let index = serde_json::json!({"manifests": [blob(manifest.to_string().as_bytes())]});
    fs::write(image.join("index.json"), index.to_string()).expect("a file");
    image
}
