//! The one integration-test binary: runs the `crosscut` program as a user would.
