//! Every reader takes any bytes: texts of nginx with random damage, always the same ones.

use super::{
    arguments::Arguments, config, dump::Configuration, listen, log, pid_file, printable, test_output,
    version::Build,
};

const TEXTS: [&str; 5] = [
    "nginx version: openresty/1.25.3.1\nconfigure arguments: --a='b c' --d=e --with-x\n",
    "nginx: master process /usr/sbin/nginx -q -g daemon on; env A='-c x'; -p /srv -ce /x\n812\n",
    "# configuration file /etc/n.conf:\nuser \"a\\\"b\" 'c'; include *.d/[a-z]?*.conf; http { server { listen [::]:80 quic; } }\n\
     # configuration file /etc/x.d/b1.conf:\ncontent_by_lua_block { t = [==[ } ]==] -- }\n \"}\" }\nlisten unix:/a; include n.conf;",
    "2026/11/23 14:50:02 [emerg] 1#2: *3 unknown directive \"é\" in /etc/n.conf:12\nnginx: [alert] x in y:z\n",
    "listen 8000-8010 reuseport; ${a{b}} \\;{{{}}}#\n'\"\0\u{202e}",
];

/// A small generator (xorshift), so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

fn damaged(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = TEXTS[dice.below(TEXTS.len())].as_bytes().to_vec();
    for _ in 0..dice.below(6) {
        let at = dice.below(bytes.len());
        let other = TEXTS[dice.below(TEXTS.len())].as_bytes();
        match dice.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
            2 => drop(bytes.drain(at..(at + dice.below(9)).min(bytes.len()))),
            _ => drop(
                bytes.splice(at..at, other.iter().copied().skip(dice.below(other.len())).take(20)).count(),
            ),
        }
    }
    bytes
}

#[test]
fn no_bytes_make_a_reader_panic() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut understood = 0;
    for _ in 0..20_000 {
        let bytes = damaged(&mut dice);
        let text = String::from_utf8_lossy(&bytes);
        let line = log::parse(&bytes);
        assert!(line.message.chars().all(|c| !c.is_control()), "{line:?}");
        let _ =
            (pid_file::parse(&bytes), Build::parse(&bytes), test_output::parse(&bytes), printable(&text, 40));
        let _ = (Arguments::from_title(&text), config::parse(&text));
        if let Ok(configuration) = Configuration::parse(&bytes, Some("daemon on;")) {
            understood += 1;
            let _ = (
                listen::listens(&configuration, true),
                configuration.has_cache(),
                configuration.error_logs(),
            );
        }
    }
    assert!(understood > 500, "the damage should leave something to read: {understood}");
}
