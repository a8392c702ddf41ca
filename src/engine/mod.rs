//! What to do next: phases, events, one transition table; pure, no clock.
