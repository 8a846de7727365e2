//! Everything a strategy touches, without IO: strategies, universe rules, costs, limits, ledger.
