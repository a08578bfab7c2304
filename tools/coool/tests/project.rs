//! `coool.toml`: where it is found, what it may say, and what it cannot do.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use support::server::{Response, Server};
use support::{Desk, Run, odf};

/// A document with one link to each of these addresses.
fn document(addresses: &[&str]) -> String {
    odf::text(&addresses.iter().map(|address| odf::paragraph(address, "x")).collect::<String>())
}

const EXCLUDE: &str = "[[exclude]]\nurl = \"#Gone\"\nreason = \"it comes back in spring\"\n";

#[test]
fn the_nearest_file_up_to_that_of_the_repository_counts() {
    let desk = Desk::new();
    desk.put("coool.toml", EXCLUDE);
    for folder in ["below/deeper", "other", "repository/.git", "repository/docs"] {
        fs::create_dir_all(desk.path(folder)).expect("a folder");
    }
    desk.put("other/coool.toml", "");
    let document = document(&["#Gone"]);
    for folder in [".", "below/deeper", "other", "repository/docs"] {
        desk.put(&format!("{folder}/a.fodt"), &document);
    }

    let code = |folder: &str, arguments: &[&str]| {
        let mut command = desk.command(&[&["a.fodt"], arguments].concat());
        Run::of(&command.current_dir(desk.path(folder)).output().expect("coool starts")).code
    };
    assert_eq!(code(".", &[]), Some(0));
    assert_eq!(code("below/deeper", &[]), Some(0));
    assert_eq!(code("other", &[]), Some(1));
    assert_eq!(code("other", &["--config", "../coool.toml"]), Some(0));
    assert_eq!(code("repository/docs", &[]), Some(1));
    assert_eq!(code(".", &["--no-config"]), Some(1));
    assert_eq!(code(".", &["--no-config", "--config", "coool.toml"]), Some(2));
}

#[test]
fn what_is_left_out_says_why_until_its_day_has_passed() {
    let desk = Desk::with("a.fodt", document(&["#Gone", "#Lost"]));
    desk.put(
        "coool.toml",
        "[[exclude]]\nurl = \"#Gone\"\nreason = \"it comes back\"\nuntil = 9999-12-31\n\n\
         [[exclude]]\nregex = \"Lo.t\"\nreason = \"old\"\nuntil = 2020-01-31\n",
    );

    let run = desk.coool(&["a.fodt", "--verbose"]);

    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("unchecked: #Gone\n  because: left out: it comes back\n"));
    assert!(run.stdout.contains("broken: #Lost\n"));
    assert_eq!(
        run.stderr,
        "coool: coool.toml: line 6: the exclude of `Lo.t` ended on 2020-01-31 and no longer \
         counts (old)\n"
    );
}

#[test]
fn files_hosts_and_words_are_left_out_too() {
    let desk = Desk::with("keep/a.fodt", document(&["#Gone"]));
    desk.put("drafts/b.fodt", document(&["#Gone"]));
    desk.put(
        "coool.toml",
        "[[exclude]]\nfile = \"drafts\"\nreason = \"drafts\"\n\n\
         [[exclude]]\ntext = \"x\"\nreason = \"an example\"\n\n\
         [[exclude]]\nhost = \"a.example\"\nreason = \"a name for examples\"\n",
    );
    desk.put("keep/c.fodt", odf::text(&odf::paragraph("https://A.example/", "page")));

    let run = desk.coool(&["."]);

    assert_eq!(run.stdout, "2 documents, 2 links: 2 unchecked\n");
    assert_eq!(run.code, Some(0));
}

#[test]
fn the_command_line_wins_over_the_repository_and_that_over_the_users_own_file() {
    let agents = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&agents);
    let server = Server::new(move |request| {
        kept.lock().expect("a list").push(request.headers["user-agent"].clone());
        Response::of(200)
    });
    let desk = Desk::with("a.fodt", document(&[&server.url("/a")]));
    fs::write(desk.home().join(".cooolrc"), "max_threads = 0\n").expect("a file");
    assert_eq!(desk.coool(&["a.fodt"]).code, Some(2));
    fs::write(desk.home().join(".cooolrc"), "max_threads = 7\n").expect("a file");
    desk.put("coool.toml", "user-agent = \"theirs\"\nmethod = \"get\"\nmax-threads = 3\n");

    desk.coool(&["a.fodt"]);
    desk.coool(&["a.fodt", "--user-agent", "mine", "-t", "1"]);

    assert_eq!(*agents.lock().expect("a list"), ["theirs", "mine"]);
    assert_eq!(server.asked(), ["GET /a", "GET /a"]);
}

#[test]
fn headers_go_to_their_host_and_to_no_other() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = |name: &'static str| {
        let seen = Arc::clone(&seen);
        move |request: &support::server::Request| {
            let header = request.headers.get("x-team").cloned().unwrap_or_default();
            seen.lock().expect("a list").push(format!("{name} {} {header}", request.path));
        }
    };
    let (at_theirs, at_ours) = (keep("theirs"), keep("ours"));
    let theirs = Server::on("127.0.0.2:0", move |request| {
        at_theirs(request);
        Response::of(200)
    });
    let away = theirs.url("/away");
    let ours = Server::new(move |request| {
        at_ours(request);
        if request.path == "/on" { Response::moved(302, &away) } else { Response::of(200) }
    });
    let desk = Desk::with("a.fodt", document(&[&ours.url("/on"), &theirs.url("/x")]));
    let text = format!("[host.\"{}\"]\nheaders = {{ X-Team = \"writers\" }}\n", ours.address());
    desk.put("coool.toml", text);

    assert_eq!(desk.coool(&["a.fodt"]).code, Some(0));

    let mut seen = seen.lock().expect("a list").clone();
    seen.sort();
    assert_eq!(seen, ["ours /on writers", "theirs /away ", "theirs /x "]);
}

#[test]
fn of_the_environment_nothing_goes_where_nobody_has_granted_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let server = Server::new(move |request| {
        kept.lock().expect("a list").push(request.headers.get("authorization").cloned());
        Response::of(200)
    });
    let desk = Desk::with("a.fodt", document(&[&server.url("/a")]));
    let host = server.address();
    desk.put(
        "coool.toml",
        format!("[host.\"{host}\"]\nheaders = {{ authorization = \"Bearer ${{TOKEN}}\" }}\n"),
    );
    let run = |arguments: &[&str]| {
        let mut command = desk.command(&[&["a.fodt", "--debug"], arguments].concat());
        Run::of(&command.env("TOKEN", "s3cret").output().expect("coool starts"))
    };

    for arguments in [&[][..], &["--secret", "TOKEN=other.example"], &["--secret", "T=127.0.0.1"]] {
        let refused = run(arguments);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        let reason = format!(
            "because: `coool.toml` sends `TOKEN` to it, and nobody has said that it may: \
             `--secret TOKEN={host}`\n"
        );
        assert!(refused.stdout.contains(&reason), "{refused:?}");
    }
    assert!(server.asked().is_empty());

    let granted = run(&["--secret", &format!("TOKEN={host}")]);
    assert_eq!(granted.code, Some(0), "{granted:?}");
    assert_eq!(*seen.lock().expect("a list"), [Some("Bearer s3cret".to_owned())]);
    assert!(!format!("{granted:?}").contains("s3cret"), "{granted:?}");

    let missing = desk.coool(&["a.fodt", "--secret", &format!("TOKEN={host}")]);
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.stderr.contains("the environment has no `TOKEN` that is a text"),
        "{missing:?}"
    );
}

#[test]
fn a_host_has_rates_of_its_own() {
    let server = Server::new(|_| Response::of(200));
    let links: Vec<String> = (0..5).map(|number| server.url(&format!("/{number}"))).collect();
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    let desk = Desk::with("a.fodt", document(&links));
    desk.put("coool.toml", format!("[host.\"{}\"]\ndelay = \"200ms\"\n", server.address()));
    let begin = Instant::now();

    assert_eq!(desk.coool(&["a.fodt"]).code, Some(0));

    assert!(begin.elapsed() >= Duration::from_millis(800), "{:?}", begin.elapsed());
}

#[test]
fn a_host_has_a_time_limit_of_its_own() {
    let server = Server::new(|_| Response::nothing());
    let desk = Desk::with("a.fodt", document(&[&server.url("/")]));
    desk.put("coool.toml", "retries = 0\n[host.\"127.0.0.1\"]\ntimeout = \"400ms\"\n");
    let begin = Instant::now();

    let run = desk.coool(&["a.fodt"]);

    assert!(run.stdout.contains("because: `127.0.0.1` does not answer in time"), "{run:?}");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn a_file_that_cannot_be_used_is_no_file_to_go_without() {
    let desk = Desk::with("a.fodt", document(&[]));
    let file = desk.path("coool.toml");
    let said = |what: &str| {
        let run = desk.coool(&["a.fodt"]);
        assert_eq!(run.code, Some(2), "{what}");
        assert!(run.stderr.contains(what), "{what}: {}", run.stderr);
        fs::remove_file(&file).or_else(|_| fs::remove_dir(&file)).expect("it was there");
    };

    symlink("nowhere", &file).expect("a link");
    said("coool: cannot read `coool.toml`\n  because: no such file or directory\n");
    fs::create_dir(&file).expect("a folder");
    said("  because: it is no file\n");
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.is_ok_and(|status| status.success()));
    said("  because: it is no file\n");
    fs::write(&file, b"# caf\xe9\n").expect("a file");
    said("  because: it is not UTF-8\n");
    fs::write(&file, "# long\n".repeat(200_000)).expect("a file");
    said("  because: it is longer than 1 MiB\n");
    fs::write(&file, "[[exclude]]\nurl = \"*\"\n").expect("a file");
    said(
        "coool: cannot use `coool.toml`\n  because: line 1: missing field `reason`\n  hint: \
         docs/coool.md says what it may hold; `--no-config` goes without\n",
    );
    fs::write(&file, "\u{feff}retries = 2\r\n").expect("a file");
    assert_eq!(desk.coool(&["a.fodt"]).code, Some(0));
    assert_eq!(desk.coool(&["a.fodt", "--config", "gone.toml"]).code, Some(2));
}
