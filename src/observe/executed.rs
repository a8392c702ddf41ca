//! The path that a master executes on USR2.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Why a relative argv[0] names no path.
#[derive(Debug, thiserror::Error)]
pub enum NoPath {
    /// The master's working directory cannot be looked at.
    #[error("its working directory cannot be looked at: {0}")]
    Unknown(io::Error),
    /// The working directory was deleted, or another one lies at its path now.
    #[error("its working directory {} is not at its path any more", .0.display())]
    Gone(PathBuf),
}

/// The absolute path of what this process executes as `program`: `execve` without a search in `PATH`, from its own
/// working directory, which a daemon does not leave (nginx-facts 31).
///
/// # Errors
/// [`NoPath`] when `program` is relative and the working directory has no path.
pub fn executed(pid: i32, program: &Path) -> Result<PathBuf, NoPath> {
    if program.is_absolute() {
        return Ok(program.to_owned());
    }
    let link = PathBuf::from(format!("/proc/{pid}/cwd"));
    let directory = fs::read_link(&link).map_err(NoPath::Unknown)?;
    let real = fs::metadata(&link).map_err(NoPath::Unknown)?;
    match fs::metadata(&directory) {
        // Without the `.` of `./nginx`.
        Ok(there) if (there.dev(), there.ino()) == (real.dev(), real.ino()) => {
            Ok(directory.join(program).components().collect())
        }
        _ => Err(NoPath::Gone(directory)),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::host::scratch::Scratch;

    #[test]
    fn a_relative_program_is_seen_from_the_directory_of_the_process_while_that_has_a_path() {
        let scratch = Scratch::new();
        let directory = scratch.directory("cwd");
        let mut child = Command::new("sleep").arg("60").current_dir(&directory).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let of = |program: &str| executed(pid, Path::new(program));
        let (dotted, plain) = (of("./sbin/nginx"), of("nginx"));
        fs::remove_dir(&directory).unwrap();
        let (gone, absolute) = (of("nginx"), of("/usr/sbin/nginx"));
        // As the kernel names it now.
        scratch.directory("cwd (deleted)");
        let another = of("nginx");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(dotted.unwrap(), directory.join("sbin/nginx"));
        assert_eq!(plain.unwrap(), directory.join("nginx"));
        assert!(matches!((gone, another), (Err(NoPath::Gone(_)), Err(NoPath::Gone(_)))));
        assert_eq!(absolute.unwrap(), Path::new("/usr/sbin/nginx"));
    }
}
