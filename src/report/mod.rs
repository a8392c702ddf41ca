//! Events to human text and JSON lines; pure.
