//! The nginx builds that `tests/setup/setup.sh` has put under `target/nginx`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::hex::hex;

/// Every build by the name tests use for it.
const BUILDS: [&str; 15] = [
    "1.18.0",
    "1.22.1",
    "1.26.3",
    "faulty/answers-500",
    "faulty/exits-2",
    "faulty/exits-with-NGINX",
    "faulty/goes-bad",
    "faulty/hangs",
    "faulty/needs-a-variable",
    "faulty/resists",
    "faulty/segfaults-at-start",
    "faulty/segfaults-per-request",
    "faulty/sleeps-in-D",
    "faulty/slow-answers",
    "faulty/starts-slowly",
];

/// The project's own directory.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The executable of a build on the machine; the test fails when it was not set up.
pub(crate) fn executable(build: &str) -> PathBuf {
    let path = project().join("target/nginx").join(build).join("nginx");
    assert!(path.exists(), "no nginx {build} here: run `make setup` ({} is missing)", path.display());
    path
}

/// The version a build says it is; the faulty ones are made from 1.26.3.
pub(crate) fn version(build: &str) -> &str {
    if build.starts_with("faulty/") { "1.26.3" } else { build }
}

/// The name of the build that a file's digest belongs to, or the digest when it is none of them.
pub(crate) fn name_of(sha256: &str) -> String {
    static KNOWN: OnceLock<Vec<(String, &str)>> = OnceLock::new();
    let known =
        KNOWN.get_or_init(|| BUILDS.iter().map(|build| (sha256_of(&executable(build)), *build)).collect());
    known
        .iter()
        .find(|(digest, _)| digest == sha256)
        .map_or_else(|| sha256.to_owned(), |(_, name)| (*name).into())
}

/// The SHA-256 of a file in lower-case hexadecimal.
pub(crate) fn sha256_of(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    hex(&Sha256::digest(bytes))
}
