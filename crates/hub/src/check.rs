//! Rules of rows that every table obeys: sorted, unique keys.
