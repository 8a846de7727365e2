//! Replacing a file so that readers see the old one or the new one and never a part: write aside, sync, rename.
