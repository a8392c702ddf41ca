//! The titles of nginx's processes, and those of its forks.

use crate::protocol::Title;

/// What a command line or title says that the process is.
///
/// Matched by prefix and suffix: Angie writes `angie: worker process #3`, `angie: worker process is shutting down
/// #3` and `angie: master process v1.12.1 #3 [argv]` where the others write nginx's own titles.
#[must_use]
pub fn title(command: &str) -> Title {
    let Some((server, rest)) = command.split_once(": ") else { return Title::Other };
    if server.is_empty() || server.len() > 32 || server.contains([' ', '/']) {
        return Title::Other;
    }
    if rest == "master process" || rest.starts_with("master process ") {
        return Title::Master;
    }
    match without_number(rest) {
        "worker process" => Title::Worker,
        "worker process is shutting down" => Title::ShuttingDown,
        "cache manager process" => Title::CacheManager,
        "cache loader process" => Title::CacheLoader,
        other if other.ends_with(" process") => Title::Helper,
        _ => Title::Other,
    }
}

/// The title without Angie's generation, ` #3`.
fn without_number(title: &str) -> &str {
    match title.rsplit_once(" #") {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            before
        }
        _ => title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_titles_of_nginx_and_its_forks_are_told_apart() {
        for (command, expected) in [
            ("nginx: master process /usr/sbin/nginx -c /etc/nginx/nginx.conf", Title::Master),
            ("nginx: master process nginx", Title::Master),
            ("nginx: worker process", Title::Worker),
            ("nginx: worker process is shutting down", Title::ShuttingDown),
            ("nginx: cache manager process", Title::CacheManager),
            ("nginx: cache loader process", Title::CacheLoader),
            ("nginx: pipe process", Title::Helper),
            ("nginx: privileged agent process", Title::Helper),
            ("angie: master process v1.12.1 #1 [/usr/sbin/angie]", Title::Master),
            ("angie: worker process #12", Title::Worker),
            ("angie: worker process is shutting down #12", Title::ShuttingDown),
            ("angie: cache manager process #2", Title::CacheManager),
        ] {
            assert_eq!(title(command), expected, "{command}");
        }
    }

    #[test]
    fn what_is_no_title_is_other() {
        for command in [
            "",
            "/usr/sbin/nginx -g daemon on;",
            "nginx",
            "nginx: worker process #",
            "nginx: worker process #x",
            "nginx: workers",
            "vim /etc/nginx: worker process",
            ": worker process",
            "nginx: master processes",
        ] {
            assert_eq!(title(command), Title::Other, "{command}");
        }
    }
}
