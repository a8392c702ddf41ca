//! Linux and nothing else: processes, pidfds, files, sockets, locks, the clock.
