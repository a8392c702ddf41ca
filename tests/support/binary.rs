//! How a host's nginx is started: the binary path, what it leads to, and what lies beside it.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::builds;
use super::host::{BINARY, Host};
use super::sandbox::{Sandbox, executables};

impl Host {
    /// Starts nginx by another path than [`BINARY`].
    pub(crate) fn started_as(self, program: &str) -> Self {
        Self { program: program.to_owned(), ..self }
    }

    /// The directory that nginx is started in.
    pub(crate) fn started_in(self, directory: &str) -> Self {
        std::fs::create_dir_all(self.path(directory)).expect("make the directory");
        Self { directory: Some(directory.to_owned()), ..self }
    }

    /// nginx and runs as this user, on port 8080, in directories that are the user's own.
    pub(crate) fn owned_by(self, user: u32) -> Self {
        for directory in ["/usr/sbin", "/run", "/var/log/nginx", "/var/lib/nginx", "/srv/home"] {
            std::fs::create_dir_all(self.path(directory)).expect("make the directory");
            self.give(directory, user);
        }
        Self { user: Some(user), ..self }.with(|config| config.port = 8080)
    }

    /// Makes a file of the host a user's own.
    pub(crate) fn give(&self, path: &str, user: u32) {
        std::os::unix::fs::chown(self.path(path), Some(user), Some(user)).expect("give it to the user");
    }

    /// Runs a command as the host's user.
    pub(crate) fn as_user(&self, command: &mut Command) {
        if let Some(user) = self.user {
            command.uid(user).gid(user).env("HOME", "/srv/home");
        }
    }

    /// Starts nginx in a mount namespace of its own, after this script.
    pub(crate) fn after_mounting(self, script: &str) -> Self {
        let words = ["unshare", "--mount", "sh", "-ec", &format!("{script}; exec \"$@\""), "sh"];
        Self { starter: words.map(str::to_owned).to_vec(), ..self }
    }

    /// Puts a build at the binary path, as a package would: by rename.
    pub(crate) fn install(&self, build: &str) {
        self.install_at(build, BINARY);
    }

    /// The same at any path.
    pub(crate) fn install_at(&self, build: &str, path: &str) {
        let _nobody_is_started = executables();
        let path = self.path(path);
        let beside = path.with_file_name(".installing");
        std::fs::create_dir_all(path.parent().expect("a file's directory")).expect("make the directory");
        std::fs::copy(builds::executable(build), &beside).expect("copy the build");
        if let Some(user) = self.user {
            std::os::unix::fs::chown(&beside, Some(user), Some(user)).expect("give it to the user");
        }
        std::fs::rename(beside, path).expect("install the build");
    }

    /// Writes a build over the file at the binary path: the inode stays.
    pub(crate) fn overwrite(&self, build: &str) {
        let _nobody_is_started = executables();
        let bytes = std::fs::read(builds::executable(build)).expect("read the build");
        std::fs::write(self.binary(), bytes).expect("write over the binary");
    }

    /// nginx as it was started, with its configuration.
    pub(crate) fn nginx(&self) -> Command {
        let found = self.path(&self.executed()).exists();
        // What is not there was found in PATH.
        let file = if found { self.binary_path() } else { BINARY.to_owned() };
        let mut words = self.starter.iter().map(PathBuf::from).chain([self.sandbox.inner(&file)]);
        let mut command = Sandbox::command(words.next().expect("a program"));
        command.args(words);
        if let Some(directory) = &self.directory {
            command.arg0(&self.program).current_dir(self.sandbox.inner(directory));
        }
        command.args(["-c".as_ref(), self.sandbox.inner(&self.config_file()).as_os_str()]);
        self.as_user(&mut command);
        command
    }

    /// The file that the master executes, behind all symlinks.
    pub(crate) fn executed(&self) -> String {
        self.followed(&self.binary_path()).1
    }

    /// The path that the master executes.
    fn binary_path(&self) -> String {
        let directory = self.directory.as_deref().unwrap_or("/");
        Path::new(directory).join(&self.program).display().to_string()
    }

    /// Follows the last part of a path from symlink to symlink, within the host: the last symlink, if there is one, and
    /// the file.
    pub(crate) fn followed(&self, path: &str) -> (Option<String>, String) {
        let (mut link, mut at) = (None, path.to_owned());
        while let Ok(names) = std::fs::read_link(self.path(&at)) {
            let next = Path::new(&at).parent().expect("its directory").join(names);
            link = Some(std::mem::replace(&mut at, next.display().to_string()));
        }
        (link, at)
    }

    /// The test process's path for the file at the binary path.
    fn binary(&self) -> PathBuf {
        self.path(&self.executed())
    }

    /// The name of the build at the binary path (its digest when it is none of ours).
    pub(crate) fn binary_on_disk(&self) -> String {
        builds::name_of(&builds::sha256_of(&self.binary()))
    }

    /// The inode at the binary path.
    pub(crate) fn binary_inode(&self) -> u64 {
        std::fs::metadata(self.binary()).expect("the binary path").ino()
    }

    /// Files beside the binary, or beside the last symlink to it, that no package put there and that it is not itself.
    pub(crate) fn left_beside_binary(&self) -> Vec<String> {
        let (link, file) = self.followed(&self.binary_path());
        let name = self.path(link.as_ref().unwrap_or(&file));
        let entries = std::fs::read_dir(name.parent().expect("its directory")).expect("list the directory");
        let (name, file) = (name.file_name(), self.path(&file));
        let left = entries.flatten().map(|entry| entry.file_name());
        let left = left.filter(|other| Some(&**other) != name && Some(&**other) != file.file_name());
        let left = left.map(|name| name.to_string_lossy().into_owned());
        let mut left: Vec<String> = left.filter(|name| name.contains("nginx")).collect();
        left.sort();
        left
    }
}
