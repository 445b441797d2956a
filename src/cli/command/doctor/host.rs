//! What this machine has: the udev rule, the user's rights, a container, the environment's variables.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::command::udev::RULES;
use crate::cli::environment::Variable;
use crate::printable::{self, Printable};
use crate::usb::DeviceInfo;

use super::Finding;
use super::sysfs::{self, Lookalike};

/// A machine's files, from its root on.
pub struct Host {
    root: PathBuf,
}

/// Where udev looks for rules; the first counts where two have the same name (udev(7)).
const RULE_FOLDERS: [&str; 5] = [
    "etc/udev/rules.d",
    "run/udev/rules.d",
    "usr/local/lib/udev/rules.d",
    "usr/lib/udev/rules.d",
    "lib/udev/rules.d",
];
/// What tells a container from a machine: Docker, Podman, systemd-nspawn and others.
const CONTAINER_MARKS: [&str; 3] = [".dockerenv", "run/.containerenv", "run/systemd/container"];
/// What the file with the rule is called.
const RULE: &str = "70-stdfu.rules";
/// The group that the rule is for.
const GROUP: &str = "plugdev";

/// The udev rule that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// This one.
    Current(PathBuf),
    /// One of ours, and another than this program prints.
    Other(PathBuf),
    /// None.
    None,
}

/// Variables that are set: they choose boards without anybody typing it.
pub fn environment() -> Vec<Finding> {
    let set = Variable::ALL.into_iter().filter_map(|variable| {
        let value = env::var_os(variable.name()).filter(|value| !value.is_empty())?;
        let message = format!("is set to {}", printable::path(Path::new(&value)));
        Some(Finding::note(variable.name(), message))
    });
    set.collect()
}

fn of_wsl() -> Finding {
    let hint = "Attach the board from Windows, as administrator:\n\
                usbipd bind --busid BUSID\n\
                usbipd attach --wsl --busid BUSID";
    Finding::note(
        "WSL",
        "this is one: it sees the devices that were attached to it",
    )
    .with_hint(Some(hint.to_owned()))
}

fn finding_of(lookalike: Lookalike) -> Finding {
    let Lookalike {
        path,
        ids,
        product,
        is_probe,
    } = lookalike;
    let product = product.map(|product| format!(" {}", Printable(&product)));
    let product = product.unwrap_or_default();
    if is_probe {
        return Finding::note(
            path,
            format!("{ids}{product} is a debug probe, not a board"),
        );
    }
    let hint =
        "If it is your board, start its bootloader: on an STM32, set BOOT0 high and reset it.";
    Finding::note(path, format!("{ids}{product} has no DFU interface"))
        .with_hint(Some(hint.to_owned()))
}

impl Host {
    /// The machine that this runs on.
    pub fn here() -> Self {
        Self {
            root: PathBuf::from("/"),
        }
    }

    /// The system and the processor.
    pub fn system(&self) -> String {
        let release = fs::read_to_string(self.root.join("proc/sys/kernel/osrelease"));
        let release = release.map(|release| format!(" {}", release.trim()));
        let release = release.unwrap_or_default();
        format!("{}{release}, {}", env::consts::OS, env::consts::ARCH)
    }

    /// What there is to know before any device is looked at. Nothing where it is no Linux.
    pub fn findings(&self) -> Vec<Finding> {
        match cfg!(target_os = "linux") {
            true => self.linux(),
            false => Vec::new(),
        }
    }

    /// Who holds a device's DFU interface, as far as can be seen.
    pub fn holder(&self, device: &DeviceInfo) -> Option<String> {
        sysfs::holder(&self.root, device)
    }

    /// Devices without a DFU interface that may be a board, but for those at the paths that are `known`.
    pub fn lookalikes(&self, known: &[String]) -> Vec<Finding> {
        let lookalikes = sysfs::lookalikes(&self.root, known).into_iter();
        lookalikes.map(finding_of).collect()
    }

    fn linux(&self) -> Vec<Finding> {
        let container = CONTAINER_MARKS
            .iter()
            .any(|mark| self.root.join(mark).exists());
        let container = container.then(|| {
            Finding::note(
                "container",
                "this runs in one: it sees the devices that were passed to it",
            )
        });
        let mut findings: Vec<Finding> = container.into_iter().collect();
        findings.extend(self.is_wsl().then(of_wsl));
        if !self.root.join("dev/bus/usb").exists() {
            let message =
                "there is no /dev/bus/usb: no USB here, or none that was passed to this container";
            findings.push(Finding::note("nodes", message));
        }
        findings.push(self.rule_finding());
        findings
    }

    /// Whether this is Linux inside Windows.
    fn is_wsl(&self) -> bool {
        let release = fs::read_to_string(self.root.join("proc/sys/kernel/osrelease"));
        release.is_ok_and(|release| release.to_lowercase().contains("microsoft"))
    }

    fn rule_finding(&self) -> Finding {
        let install = "stdfu udev | sudo tee /etc/udev/rules.d/70-stdfu.rules".to_owned();
        let shown = |path: &Path| printable::path(&Path::new("/").join(path));
        let rights = match (self.is_root(), self.is_in_group()) {
            (Some(true), _) => "; you are root, who needs none",
            (_, Some(true)) => "; you are in the group plugdev",
            (_, Some(false)) => {
                "; you are not in the group plugdev, which it takes over ssh and in CI"
            }
            (_, None) => "",
        };
        match self.rule() {
            // udev acts in the order of names: elsewhere it is too early or too late.
            Rule::Current(path) if path.file_name() != Some(RULE.as_ref()) => Finding::note(
                "udev rule",
                format!("{} has to be named {RULE}{rights}", shown(&path)),
            )
            .with_hint(Some(install)),
            Rule::Current(path) => {
                let join = format!("sudo usermod -aG {GROUP} \"$USER\"");
                let is_outside = self.is_root() != Some(true) && self.is_in_group() == Some(false);
                Finding::good("udev rule", format!("{}{rights}", shown(&path)))
                    .with_hint(is_outside.then_some(join))
            }
            Rule::Other(path) => Finding::note(
                "udev rule",
                format!("{} is not the one of this stdfu{rights}", shown(&path)),
            )
            .with_hint(Some(install)),
            Rule::None if self.is_root() == Some(true) => {
                Finding::note("udev rule", format!("none is installed{rights}"))
            }
            Rule::None => Finding::note("udev rule", format!("none is installed{rights}"))
                .with_hint(Some(install)),
        }
    }

    fn rule(&self) -> Rule {
        let mut other = None;
        for folder in RULE_FOLDERS {
            let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten();
            for entry in entries.flatten() {
                let path = Path::new(folder).join(entry.file_name());
                let content = fs::read_to_string(entry.path()).unwrap_or_default();
                if content == RULES {
                    return Rule::Current(path);
                }
                if entry.file_name() == RULE {
                    other = other.or(Some(path));
                }
            }
        }
        other.map_or(Rule::None, Rule::Other)
    }

    /// Whether this runs as root; `None` where that can't be told.
    fn is_root(&self) -> Option<bool> {
        let ids = self.status("Uid:")?;
        Some(ids.get(1)? == "0")
    }

    /// Whether the user is in the group that the rule is for; `None` where that can't be told, or there is no such group.
    fn is_in_group(&self) -> Option<bool> {
        let groups = fs::read_to_string(self.root.join("etc/group")).ok()?;
        let mut groups = groups
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>());
        let group = groups.find(|fields| fields.first() == Some(&GROUP))?;
        let number = group.get(2)?;
        let own = self
            .status("Groups:")?
            .into_iter()
            .chain(self.status("Gid:")?);
        Some(own.into_iter().any(|own| own == *number))
    }

    /// A line of the kernel's account of this process (proc(5)).
    fn status(&self, name: &str) -> Option<Vec<String>> {
        let status = fs::read_to_string(self.root.join("proc/self/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with these files.
    fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, content) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            fs::write(path, content).expect("a new file");
        }
        let root = folder.path().to_owned();
        (folder, Host { root })
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &str) {
        let (_folder, host) = host(files);
        let found: Vec<String> = host
            .linux()
            .iter()
            .map(|finding| format!("{:?} {}: {}", finding.state, finding.about, finding.message))
            .collect();
        assert_eq!(found.join("\n"), expected);
    }

    const USER: (&str, &str) = (
        "proc/self/status",
        "Name:\tstdfu\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nGroups:\t20 46 1000\n",
    );
    const ROOT: (&str, &str) = (
        "proc/self/status",
        "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0\n",
    );
    const NODE: (&str, &str) = ("dev/bus/usb/001/001", "");
    const RULE_FILE: (&str, &str) = ("etc/udev/rules.d/70-stdfu.rules", RULES);

    #[test]
    fn the_rule_of_this_stdfu_is_found_wherever_udev_looks() {
        let group = ("etc/group", "root:x:0:\nplugdev:x:46:ann\n");
        check(
            &[NODE, USER, RULE_FILE, group],
            "Good udev rule: /etc/udev/rules.d/70-stdfu.rules; you are in the group plugdev",
        );
        let group = ("etc/group", "plugdev:x:99:\n");
        check(
            &[
                NODE,
                USER,
                ("usr/lib/udev/rules.d/70-stdfu.rules", RULES),
                group,
            ],
            "Good udev rule: /usr/lib/udev/rules.d/70-stdfu.rules; you are not in the group plugdev, which it takes over ssh \
             and in CI",
        );
    }

    #[test]
    fn another_rule_and_none_are_told() {
        check(
            &[NODE, USER, ("etc/udev/rules.d/70-stdfu.rules", "# old\n")],
            "Note udev rule: /etc/udev/rules.d/70-stdfu.rules is not the one of this stdfu",
        );
        check(
            &[NODE, USER, ("etc/udev/rules.d/60-other.rules", "# other\n")],
            "Note udev rule: none is installed",
        );
        check(
            &[NODE, ROOT],
            "Note udev rule: none is installed; you are root, who needs none",
        );
    }

    #[test]
    fn the_rule_under_another_name_is_told() {
        check(
            &[NODE, USER, ("etc/udev/rules.d/99-mine.rules", RULES)],
            "Note udev rule: /etc/udev/rules.d/99-mine.rules has to be named 70-stdfu.rules",
        );
    }

    #[test]
    fn linux_inside_windows_is_told() {
        let release = (
            "proc/sys/kernel/osrelease",
            "5.15.146.1-microsoft-standard-WSL2\n",
        );
        check(
            &[NODE, USER, RULE_FILE, release],
            "Note WSL: this is one: it sees the devices that were attached to it\n\
             Good udev rule: /etc/udev/rules.d/70-stdfu.rules",
        );
    }

    #[test]
    fn a_container_without_nodes_is_told() {
        check(
            &[ROOT, RULE_FILE, ("run/.containerenv", "")],
            "Note container: this runs in one: it sees the devices that were passed to it\n\
             Note nodes: there is no /dev/bus/usb: no USB here, or none that was passed to this container\n\
             Good udev rule: /etc/udev/rules.d/70-stdfu.rules; you are root, who needs none",
        );
    }

    #[test]
    fn a_machine_that_tells_nothing_is_no_trouble() {
        check(&[NODE], "Note udev rule: none is installed");
    }
}
