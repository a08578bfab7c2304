//! `~/.cooolrc`: lines of `name = value`, as the first coool wrote them.

use std::path::Path;

use anyhow::{Context, Result, anyhow};

/// What the user always wants.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rc {
    pub(super) verbose: bool,
    pub(super) status: bool,
    pub(super) debug: bool,
    pub(super) max_threads: Option<usize>,
    pub(super) max_requests_per_host: Option<usize>,
    pub(super) exclude_hosts: Vec<String>,
}

impl Rc {
    /// A file that is not there is an empty one.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
            }
        };
        Self::parse(&text).with_context(|| format!("cannot use `{}`", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut file = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';', '[']) {
                continue;
            }
            file.take(line).with_context(|| format!("line {number}: `{line}`"))?;
        }
        Ok(file)
    }

    fn take(&mut self, line: &str) -> Result<()> {
        let (name, value) =
            line.split_once('=').ok_or_else(|| anyhow!("write it as `name = value`"))?;
        let value = value.trim();
        let value = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
            .unwrap_or(value);
        match name.trim() {
            "verbose" => self.verbose = yes(value)?,
            "status" => self.status = yes(value)?,
            "debug" => self.debug = yes(value)?,
            "max_threads" => self.max_threads = Some(count(value)?),
            "max_requests_per_host" => self.max_requests_per_host = Some(count(value)?),
            "exclude_hosts" => {
                self.exclude_hosts = value.split_whitespace().map(str::to_owned).collect();
            }
            other => return Err(anyhow!("no option is called `{other}`")),
        }
        Ok(())
    }
}

fn yes(value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "none" | "" => Ok(false),
        _ => Err(anyhow!("write `True` or `False`")),
    }
}

fn count(value: &str) -> Result<usize> {
    let count = value.parse().ok().filter(|count| (1..=10_000).contains(count));
    count.ok_or_else(|| anyhow!("write a number from 1 to 10000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_first_coool_is_understood() {
        let file = Rc::parse(
            "verbose = True\nexclude_hosts = \"a.example b.example\"\nmax_threads = 200\n# end\n",
        );

        assert_eq!(
            file.expect("it is right"),
            Rc {
                verbose: true,
                max_threads: Some(200),
                exclude_hosts: vec!["a.example".to_owned(), "b.example".to_owned()],
                ..Rc::default()
            }
        );
    }

    #[test]
    fn a_mistake_is_shown_with_its_line() {
        let error = Rc::parse("verbose = True\nmax_treads = 3\n").expect_err("a slip");

        assert_eq!(
            format!("{error:#}"),
            "line 2: `max_treads = 3`: no option is called `max_treads`"
        );
    }
}
