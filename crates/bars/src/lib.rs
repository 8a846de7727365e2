//! Trades in, bars out, streaming: the same builder for archives and live.
