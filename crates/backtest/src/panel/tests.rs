//! Panels by hand and by property.
