//! What nginx does with each signal: situations, moves and the way back; pure.
