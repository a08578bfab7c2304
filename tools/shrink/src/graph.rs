//! Decides what stays: everything that is asked for, and everything that this needs, with the
//! reason for each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use names::{Bytes, shown};
use serde::{Deserialize, Serialize};

use crate::needs::libraries::{self, Loader};
use crate::needs::mentions;
use crate::needs::packages::Packages;
use crate::needs::rules::{Kept, Rules};
use crate::needs::scripts::{self, Interpreter};
use crate::policy::Policies;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Follow, Kind};
use crate::sandbox::{Observed, Use};

/// Why something stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "because")]
pub(crate) enum Reason {
    /// No program is named, so all stays that no policy takes away.
    Whole,
    /// The user asked for it.
    Asked,
    /// The user's policy file protects it, or a policy that is switched off.
    Protected,
    /// A test was seen to use it.
    Test {
        /// Which one, counted from 1.
        test: usize,
        /// What for.
        what_for: Use,
    },
    /// Another kept file needs it.
    Needed {
        /// Which one.
        by: Bytes,
        /// As what: `library`, `interpreter` and so on.
        role: Role,
    },
    /// A rule says so.
    Rule {
        /// The rule's name.
        rule: String,
        /// The file that made it fire.
        by: Bytes,
    },
    /// It leads to something that stays.
    Way {
        /// What it leads to.
        to: Bytes,
    },
    /// A test failed without it.
    Restored {
        /// Which one, counted from 1.
        test: usize,
    },
    /// Every system has such a directory.
    Skeleton,
}

/// As what a file needs another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Loaded with it.
    Library,
    /// Loaded later: its name stands in the file.
    LaterLibrary,
    /// Runs it: a loader or a script's interpreter.
    Interpreter,
    /// A script runs it, or its name stands in a program.
    Command,
    /// Its path stands in the file.
    Mentioned,
    /// It came in the same package.
    SamePackage,
    /// It came in a package that the program's package depends on.
    Dependency,
}

/// What stays, and why.
pub(crate) type Reasons = BTreeMap<PathBuf, Reason>;

/// Directories that stay even when they are empty: mount points, and what programs write into.
const SKELETON: &[&str] = &[
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "var",
    "etc",
    "root",
    "home",
    "mnt",
    "media",
    "opt",
    "srv",
    "boot",
    "usr",
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/share",
    "usr/local",
    "var/cache",
    "var/lib",
    "var/lock",
    "var/log",
    "var/mail",
    "var/run",
    "var/spool",
    "var/tmp",
    "var/local",
    "var/opt",
    "run/lock",
    "dev/pts",
    "dev/shm",
    "var/empty",
    "var/www",
];

/// Finds out what stays.
pub(crate) struct Closure<'a> {
    root: &'a Root,
    removed: &'a BTreeMap<PathBuf, &'a str>,
    packages: Option<Packages>,
    loader: Loader<'a>,
    rules: Rules,
    /// Which rules have fired, and whether for what a program of --keep needs.
    fired: BTreeMap<usize, bool>,
    /// Policies that the user named: not even a rule keeps what they take away.
    insisted: &'a BTreeSet<String>,
    /// The programs of --keep.
    named: BTreeSet<PathBuf>,
    /// The names of programs on the search path.
    programs: BTreeSet<Vec<u8>>,
    /// Files that shell scripts read as a part of themselves.
    included: BTreeSet<PathBuf>,
    reasons: Reasons,
    /// Files that a program of --keep needs.
    asked: BTreeSet<PathBuf>,
    queue: VecDeque<PathBuf>,
    /// Libraries that binaries name and that are nowhere in the root.
    pub(crate) nowhere: BTreeMap<Vec<u8>, PathBuf>,
}

impl<'a> Closure<'a> {
    /// Begins with what every system has and what is protected.
    pub(crate) fn of(
        root: &'a Root,
        policies: &'a Policies,
        removed: &'a BTreeMap<PathBuf, &'a str>,
    ) -> Result<Self> {
        let mut closure = Self {
            root,
            removed,
            packages: None,
            loader: Loader::of(root),
            rules: Rules::new()?,
            fired: BTreeMap::new(),
            insisted: policies.insisted(),
            named: BTreeSet::new(),
            programs: programs(root),
            included: BTreeSet::new(),
            reasons: Reasons::new(),
            asked: BTreeSet::new(),
            queue: VecDeque::new(),
            nowhere: BTreeMap::new(),
        };
        closure.reasons.insert(PathBuf::new(), Reason::Skeleton);
        for path in SKELETON.iter().map(Path::new) {
            if root.inventory.get(path).is_some_and(|there| !there.is_file()) {
                closure.enter(path, Reason::Skeleton, false);
            }
        }
        for (path, entry) in root.inventory.iter() {
            let node = matches!(entry.kind, Kind::Device { .. } | Kind::Pipe | Kind::Socket);
            if node {
                closure.enter(path, Reason::Skeleton, false);
            } else if entry.kind != Kind::Directory && policies.protects(path) {
                closure.enter(path, Reason::Protected, false);
            }
        }
        Ok(closure)
    }

    /// Keeps a program that the user names, by its path or by its name on the search path.
    pub(crate) fn ask(&mut self, program: &Path) -> Result<()> {
        let found = if program.to_string_lossy().contains('/') {
            let path = Path::new("/").join(program);
            self.root.inventory.resolve(Path::new(""), &path, Follow::Last).end.map(|_| path)
        } else {
            self.on_search_path(&program.to_string_lossy())
        };
        let Some(found) = found else {
            bail!(ui::hinted(
                &format!("cannot keep `{}`: the root has no such program", shown(program)),
                "give its path in the root, such as /usr/sbin/nginx",
            ));
        };
        self.keep(&found, &Reason::Asked, Follow::Last, true);
        // The program and every link that leads to it may come from packages of their own.
        let resolved = self.root.inventory.resolve(Path::new(""), &found, Follow::Last);
        self.named.extend(resolved.end.clone());
        for step in resolved.way.iter().chain(&resolved.end) {
            if self.root.inventory.get(step).is_some_and(|entry| entry.kind != Kind::Directory) {
                self.keep_package(step);
            }
        }
        Ok(())
    }

    /// What came with a program, and with the packages that its package depends on, but for other
    /// programs and what policies take away.
    fn keep_package(&mut self, program: &Path) {
        let packages = self.packages.get_or_insert_with(|| Packages::of(self.root));
        let companions = packages.companions(program).iter().map(PathBuf::as_path);
        let companions = companions.filter(|path| !is_paperwork(path));
        let dependencies = packages.dependencies(program, &self.rules.for_installing);
        let dependencies = dependencies.into_iter().filter(|path| {
            !is_paperwork(path) && !is_for_booting(path) && !self.loader.has_beside(path)
        });
        let came_along: Vec<_> = companions
            .map(|path| (path.to_owned(), Role::SamePackage))
            .chain(dependencies.map(|path| (path.to_owned(), Role::Dependency)))
            .collect();
        let by = Bytes::of(program);
        for (path, role) in came_along {
            let Some(entry) = self.root.inventory.get(&path) else {
                continue;
            };
            let is_other = path.parent().is_some_and(is_on_search_path);
            // A directory matters where the program writes into it.
            let matters = entry.kind != Kind::Directory || path.starts_with("var");
            if matters && !is_other {
                let reason = Reason::Needed { by: by.clone(), role };
                // Of what others brought along, everything is there, but not all that it may need.
                let asked = role == Role::SamePackage;
                self.keep(&Path::new("/").join(path), &reason, Follow::Last, asked);
            }
        }
    }

    /// Keeps what a test was seen to use.
    pub(crate) fn observe(&mut self, test: usize, observed: &Observed) {
        for (path, what_for) in &observed.used {
            let follow = match what_for {
                Use::LookedAtLink => Follow::NotLast,
                _ => Follow::Last,
            };
            let reason = Reason::Test { test, what_for: *what_for };
            self.keep_even_removed(path.as_path(), &reason, follow);
        }
        for path in &observed.listed {
            let reason = Reason::Test { test, what_for: Use::Opened };
            self.keep_even_removed(path.as_path(), &reason, Follow::Last);
        }
    }

    /// Keeps what turned out to be missing.
    pub(crate) fn restore(&mut self, test: usize, path: &Path) {
        let path = Path::new("/").join(path);
        self.keep_even_removed(&path, &Reason::Restored { test }, Follow::NotLast);
        self.keep_even_removed(&path, &Reason::Restored { test }, Follow::Last);
    }

    /// Follows everything to its end and says what stays.
    pub(crate) fn reasons(&mut self) -> &Reasons {
        loop {
            while let Some(path) = self.queue.pop_front() {
                self.read(&path);
            }
            if !self.apply_rules() {
                return &self.reasons;
            }
        }
    }

    fn keep(&mut self, path: &Path, reason: &Reason, follow: Follow, asked: bool) {
        let resolved = self.root.inventory.resolve(Path::new(""), path, follow);
        if resolved.end.as_ref().is_some_and(|end| self.removed.contains_key(end)) {
            return;
        }
        self.keep_resolved(resolved, reason, asked);
    }

    /// What was used stays even if a policy would take it away.
    fn keep_even_removed(&mut self, path: &Path, reason: &Reason, follow: Follow) {
        let resolved = self.root.inventory.resolve(Path::new(""), path, follow);
        self.keep_resolved(resolved, reason, false);
    }

    fn keep_resolved(
        &mut self,
        resolved: crate::rootfs::inventory::Resolved,
        reason: &Reason,
        asked: bool,
    ) {
        let to = match &resolved.end {
            Some(end) => end.clone(),
            // A path that leads nowhere: what it passes is what the program sees of it.
            None => match resolved.way.last() {
                Some(last) => last.clone(),
                None => return,
            },
        };
        for step in &resolved.way {
            self.enter(step, Reason::Way { to: Bytes::of(&to) }, asked);
        }
        if let Some(end) = resolved.end {
            self.enter(&end, reason.clone(), asked);
        }
    }

    /// Notes that a path stays, with the directories above it.
    fn enter(&mut self, path: &Path, reason: Reason, asked: bool) {
        let newly_asked = asked && self.asked.insert(path.to_owned());
        let new = !self.reasons.contains_key(path);
        if new {
            self.reasons.insert(path.to_owned(), reason);
        }
        if new || newly_asked {
            self.queue.push_back(path.to_owned());
        }
        for directory in path.ancestors().skip(1) {
            if self.reasons.contains_key(directory) {
                break;
            }
            let way = Reason::Way { to: Bytes::of(path) };
            self.reasons.insert(directory.to_owned(), way);
        }
    }

    /// Keeps what a file needs.
    fn read(&mut self, path: &Path) {
        let root = self.root;
        let Some(entry) = root.inventory.get(path).filter(|entry| entry.is_file()) else {
            return;
        };
        let asked = self.asked.contains(path);
        let Ok(head) = root.head(path, 256) else {
            return;
        };
        if head.starts_with(&elf::MAGIC) {
            self.read_binary(path, asked);
        } else if (entry.is_program() || asked)
            && let Some(interpreter) = Interpreter::of(&head)
        {
            self.read_script(path, &interpreter, asked);
        } else if self.included.contains(path) {
            self.read_shell(path);
        } else if asked && (is_module(path) || self.is_setting(path)) {
            self.read_text(path, false);
        }
    }

    fn read_binary(&mut self, path: &Path, asked: bool) {
        let Some(needs) = self.loader.needs(path) else {
            return;
        };
        let by = Bytes::of(path);
        let needed = |role| Reason::Needed { by: by.clone(), role };
        if let Some(interpreter) = &needs.interpreter {
            let interpreter = Bytes(interpreter.clone());
            let reason = needed(Role::Interpreter);
            self.keep(interpreter.as_path(), &reason, Follow::Last, asked);
        }
        let inherited = self.inherited(path);
        for library in &needs.libraries {
            let found = self.loader.find(library, &needs, path, &inherited);
            if found.is_empty() {
                self.nowhere.entry(library.clone()).or_insert_with(|| path.to_owned());
            }
            for found in found {
                self.keep(&found, &needed(Role::Library), Follow::Last, asked);
            }
        }
        // What a test alone reaches loaded, before our eyes, what it loads.
        if !asked {
            return;
        }
        let Ok(mentions) = mentions::of(self.root, path, &self.programs) else {
            return;
        };
        for library in needs.may_load.iter().chain(&mentions.libraries) {
            if !self.rules.may_load(library, path) {
                continue;
            }
            for found in self.loader.find(library, &needs, path, &inherited) {
                self.keep(&found, &needed(Role::LaterLibrary), Follow::Last, true);
            }
        }
        // So many words are names of programs that this is asked of the named programs alone and of
        // what came with them, which is kept with its libraries only.
        let is_named = self.named.contains(path);
        for program in mentions.programs.iter().filter(|_| is_named) {
            if let Some(found) = self.on_search_path(&String::from_utf8_lossy(program))
                && self.packages().came_with(path, &found)
            {
                self.keep(&found, &needed(Role::Command), Follow::Last, false);
            }
        }
        // A library serves many, and hardly any of them means all that it names.
        let is_library = path.to_string_lossy().contains(".so");
        self.keep_mentioned(&mentions.paths, &by, !is_library);
    }

    /// The records of packages, read when they are first asked for.
    fn packages(&mut self) -> &Packages {
        self.packages.get_or_insert_with(|| Packages::of(self.root))
    }

    /// The RPATHs of whoever needs a library, and of whoever needs that one.
    fn inherited(&mut self, path: &Path) -> Vec<PathBuf> {
        let mut inherited = Vec::new();
        let mut at = path.to_owned();
        let mut passed = BTreeSet::new();
        while let Some(Reason::Needed { by, role: Role::Library }) = self.reasons.get(&at) {
            let by = by.as_path().to_owned();
            if !passed.insert(by.clone()) {
                break;
            }
            if let Some(needs) = self.loader.needs(&by) {
                inherited.extend(libraries::own_rpath(&needs, &by));
            }
            at = by;
        }
        inherited
    }

    fn read_script(&mut self, path: &Path, interpreter: &Interpreter, asked: bool) {
        let by = Bytes::of(path);
        let needed = |role| Reason::Needed { by: by.clone(), role };
        let reason = needed(Role::Interpreter);
        self.keep(Path::new(&interpreter.path), &reason, Follow::Last, asked);
        if let Some(program) = &interpreter.through_env
            && let Some(found) = self.on_search_path(program)
        {
            self.keep(&found, &reason, Follow::Last, asked);
        }
        if !asked {
            return;
        }
        if interpreter.is_shell() {
            self.read_shell(path);
        } else {
            self.read_text(path, true);
        }
    }

    /// Whether it came as a setting of a program of --keep; others say too much that this program
    /// does not mean.
    fn is_setting(&self, path: &Path) -> bool {
        let came_along =
            |reason: &Reason| matches!(reason, Reason::Needed { role: Role::SamePackage, .. });
        path.starts_with("etc") && self.reasons.get(path).is_some_and(came_along)
    }

    /// Keeps what a shell script, or a part of one, runs, includes and names.
    fn read_shell(&mut self, path: &Path) {
        let reason = Reason::Needed { by: Bytes::of(path), role: Role::Command };
        let text = libraries::text(self.root, path);
        for command in scripts::commands(&text) {
            if let Some(found) = self.on_search_path(command) {
                self.keep(&found, &reason, Follow::Last, true);
            }
        }
        for included in scripts::included(&text) {
            let included = Path::new(included);
            let beside = included.file_name().unwrap_or_default();
            let beside = Path::new("/").join(path).with_file_name(beside);
            for place in [included, &beside] {
                let end = self.root.inventory.resolve(Path::new(""), place, Follow::Last).end;
                let end =
                    end.filter(|end| self.root.inventory.get(end).is_some_and(Entry::is_file));
                if let Some(end) = end.filter(|_| place.is_absolute()) {
                    let reason = Reason::Needed { by: Bytes::of(path), role: Role::Mentioned };
                    if self.included.insert(end.clone()) {
                        self.queue.push_back(end);
                    }
                    self.keep(place, &reason, Follow::Last, true);
                }
            }
        }
        self.read_text(path, true);
    }

    /// Keeps what is named by its path in a text, with all that this needs or its libraries only.
    fn read_text(&mut self, path: &Path, asked: bool) {
        if let Ok(mentions) = mentions::of(self.root, path, &self.programs) {
            self.keep_mentioned(&mentions.paths, &Bytes::of(path), asked);
        }
    }

    /// Files whose paths stand in a kept file. Directories say too little about what is meant.
    fn keep_mentioned(&mut self, paths: &BTreeSet<PathBuf>, by: &Bytes, asked: bool) {
        for path in paths {
            let end = self.root.inventory.resolve(Path::new(""), path, Follow::Last).end;
            let entry = end.and_then(|end| self.root.inventory.get(&end));
            if entry.is_some_and(Entry::is_file) {
                let reason = Reason::Needed { by: by.clone(), role: Role::Mentioned };
                self.keep(path, &reason, Follow::Last, asked);
            }
        }
    }

    fn on_search_path(&self, program: &str) -> Option<PathBuf> {
        if program.contains('/') {
            return None;
        }
        SEARCH_PATH.iter().map(|place| Path::new("/").join(place).join(program)).find(|path| {
            let end = self.root.inventory.resolve(Path::new(""), path, Follow::Last).end;
            end.and_then(|end| self.root.inventory.get(&end)).is_some_and(Entry::is_program)
        })
    }

    /// Lets every rule that has not fired look at what stays; says whether one did.
    fn apply_rules(&mut self) -> bool {
        let mut firing = Vec::new();
        for (number, rule) in self.rules.all.iter().enumerate() {
            let fired = self.fired.get(&number).copied();
            if fired == Some(true) {
                continue;
            }
            let mut by = None;
            for path in self.reasons.keys() {
                let needs = self.loader.known(path);
                let asked = self.asked.contains(path);
                let kept = Kept { path, asked, imports: needs.map(|needs| &needs.imports) };
                // What a program of --keep needs counts for more, as does what it needs in turn.
                if (asked || by.is_none()) && rule.fires(&kept) {
                    by = Some((path.clone(), asked));
                    if asked {
                        break;
                    }
                }
            }
            if let Some((by, asked)) = by.filter(|(_, asked)| *asked || fired.is_none()) {
                firing.push((number, by, asked));
            }
        }
        for (number, by, asked) in &firing {
            self.fired.insert(*number, *asked);
            let rule = &self.rules.all[*number];
            let reason = Reason::Rule { rule: rule.name.clone(), by: Bytes::of(by) };
            let even_removed = rule.even_removed;
            for path in rule.keeps(self.root) {
                let policy = self.removed.get(&path);
                let full = Path::new("/").join(&path);
                if even_removed && policy.is_some_and(|policy| !self.insisted.contains(*policy)) {
                    let resolved = self.root.inventory.resolve(Path::new(""), &full, Follow::Last);
                    self.keep_resolved(resolved, &reason, *asked);
                } else {
                    self.keep(&full, &reason, Follow::Last, *asked);
                }
            }
        }
        !firing.is_empty()
    }
}

/// Where programs are looked for by their names.
const SEARCH_PATH: &[&str] =
    &["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];

fn is_on_search_path(directory: &Path) -> bool {
    SEARCH_PATH.iter().any(|place| directory == Path::new(place)) || directory.ends_with("games")
}

/// The names of all programs on the search path.
fn programs(root: &Root) -> BTreeSet<Vec<u8>> {
    let mut names = BTreeSet::new();
    for place in SEARCH_PATH {
        for (path, entry) in root.inventory.children(Path::new(place)) {
            if entry.kind != Kind::Directory {
                names.extend(path.file_name().map(|name| name.as_bytes().to_vec()));
            }
        }
    }
    names
}

/// Whether it is a module of a language, which may name other files.
fn is_module(path: &Path) -> bool {
    let modules = ["py", "pm", "pl", "rb", "php", "js", "cjs", "mjs", "lua", "tcl", "sh"];
    let extension = path.extension().unwrap_or_default();
    modules.iter().any(|module| extension == *module)
}

/// What starts services of a package when the system starts.
fn is_for_booting(path: &Path) -> bool {
    let places = ["etc/init.d", "etc/init", "usr/lib/systemd", "lib/systemd", "etc/logrotate.d"];
    places.iter().any(|place| path.starts_with(place))
        || path.parent().is_some_and(|parent| parent.to_string_lossy().starts_with("etc/cron."))
}

/// What comes with a package for people, not for programs.
fn is_paperwork(path: &Path) -> bool {
    let beginnings =
        ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/lintian", "usr/share/bug"];
    let completions = ["usr/share/bash-completion", "usr/share/zsh", "usr/share/fish"];
    beginnings.iter().chain(&completions).any(|beginning| path.starts_with(beginning))
}
