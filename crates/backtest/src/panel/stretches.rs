//! Where the bars of a symbol lie on the timeline's slots.

/// Bars that follow one another without a hole: bar `pos` lies in slot `slot`, bar `pos + 1` in the next, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Slot of the first bar.
    pub(super) slot: u32,
    /// Position of the first bar.
    pub(super) pos: u32,
}

/// Slots of a block, 2 to this power.
const BLOCK_BITS: u32 = 6;

/// The stretches of a symbol.
#[derive(Debug, Clone, Default)]
pub(super) struct Stretches {
    /// All of them, ascending, neighbours with a hole between them.
    all: Vec<Stretch>,
    /// For each block of slots from the first bar's on, and for the one after the last: how many stretches begin before it.
    blocks: Vec<u32>,
    /// Number of bars.
    n_bars: usize,
}

/// Where a slot lies among the bars of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Position of the last bar in the slot or before it.
    pub(super) pos: usize,
    /// Whether that bar lies in the slot.
    pub(super) is_there: bool,
    /// The stretch that holds it.
    pub(super) stretch: usize,
}

impl Stretches {
    /// The stretches of `n_bars` bars, ascending, the first of them with the first bar.
    pub(super) fn new(all: Vec<Stretch>, n_bars: usize) -> Self {
        let mut blocks = Vec::new();
        if let (Some(first), Some(last)) = (all.first(), all.last()) {
            let n_blocks = ((last.slot - first.slot) >> BLOCK_BITS) + 1;
            let mut n_before = 0;
            for block in 0..=n_blocks {
                let start = u64::from(first.slot) + (u64::from(block) << BLOCK_BITS);
                while all.get(n_before).is_some_and(|stretch| u64::from(stretch.slot) < start) {
                    n_before += 1;
                }
                blocks.push(n_before as u32);
            }
        }
        Self { all, blocks, n_bars }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Stretch] {
        &self.all
    }

    /// Finds a slot; `None` before the first bar.
    #[inline]
    pub(super) fn find(&self, slot: u32) -> Option<Place> {
        let first = self.all.first()?;
        let block = (slot.checked_sub(first.slot)? >> BLOCK_BITS) as usize;
        let after = match (self.blocks.get(block), self.blocks.get(block + 1)) {
            (Some(&from), Some(&to)) => {
                let (from, to) = (from as usize, to as usize);
                from + self.all[from..to].iter().filter(|stretch| stretch.slot <= slot).count()
            }
            _ => self.all.len(),
        };
        let stretch = self.all[after - 1];
        let wanted = stretch.pos as usize + (slot - stretch.slot) as usize;
        let end = self.end(after - 1);
        Some(Place { pos: wanted.min(end - 1), is_there: wanted < end, stretch: after - 1 })
    }

    /// Position after the last bar of a stretch.
    pub(super) fn end(&self, stretch: usize) -> usize {
        self.all.get(stretch + 1).map_or(self.n_bars, |next| next.pos as usize)
    }

    /// The slot of bar `pos`.
    pub(super) fn slot_of(&self, pos: usize) -> u32 {
        let stretch = self.all[self.all.partition_point(|stretch| stretch.pos as usize <= pos) - 1];
        stretch.slot + (pos as u32 - stretch.pos)
    }
}

#[cfg(test)]
mod tests {
    //! Against a search bar by bar.

    use super::*;

    #[test]
    fn every_slot_is_found() {
        let mut random = crosscut_kernels::bootstrap::Random::new(11);
        for round in 0..60 {
            let (mut slots, mut slot) = (Vec::new(), random.below(300) as u32);
            for _ in 0..1 + random.below(400) {
                slots.push(slot);
                let hole = if random.below(100) < round { random.below(200) as u32 } else { 0 };
                slot += 1 + hole;
            }
            let mut all: Vec<Stretch> = Vec::new();
            for (pos, &slot) in slots.iter().enumerate() {
                if pos == 0 || slots[pos - 1] + 1 != slot {
                    all.push(Stretch { slot, pos: pos as u32 });
                }
            }
            let stretches = Stretches::new(all, slots.len());
            for slot in 0..slot + 300 {
                let expected = slots.partition_point(|&other| other <= slot).checked_sub(1);
                let found = stretches.find(slot);
                assert_eq!(found.map(|place| place.pos), expected, "round {round}, slot {slot}");
                if let Some(place) = found {
                    assert_eq!(place.is_there, slots[place.pos] == slot);
                    assert_eq!(stretches.slot_of(place.pos), slots[place.pos]);
                    assert!(place.pos < stretches.end(place.stretch));
                }
            }
        }
        assert_eq!(Stretches::default().find(3), None);
    }
}
