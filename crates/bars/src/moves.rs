//! The price moves of up to 64 trades as bit masks: bit `i` stands for the move into trade `i`.
//!
//! "The direction of the last non-zero move" is a chain from trade to trade, and the slowest part of a bar when followed
//! one by one. It is also exactly how a carry runs through an addition (a rise makes a carry, a fall stops it, no move
//! passes it on), so one 64-bit addition finds it for 64 trades at once.

/// Trades per block: the bits of a mask.
pub const BLOCK: usize = 64;

/// The moves of one block of trades.
#[derive(Debug, Clone, Copy)]
pub struct Moves {
    /// Moves up.
    pub up: u64,
    /// Moves down; a move in neither mask is none.
    pub down: u64,
    /// Whether the last non-zero move before this one was a rise.
    pub rising_before: u64,
}

impl Moves {
    /// The moves into each of at most [`BLOCK`] prices, the first one from `previous`; `rising` tells whether the last
    /// non-zero move before them was a rise. Past the end of `prices` nothing moves.
    #[inline]
    pub fn of(previous: f64, rising: bool, prices: &[f64]) -> Self {
        let last = prices.last().copied().unwrap_or(previous);
        let mut window = [last; BLOCK + 1];
        window[0] = previous;
        window[1..=prices.len()].copy_from_slice(prices);
        let (mut ups, mut downs) = ([0; BLOCK], [0; BLOCK]);
        for (pair, (up, down)) in window.windows(2).zip(ups.iter_mut().zip(&mut downs)) {
            *up = u8::from(pair[1] > pair[0]);
            *down = u8::from(pair[1] < pair[0]);
        }
        let (up, down) = (pack(&ups), pack(&downs));
        // Adding `up` and "not down": a rise has both bits and makes a carry, a fall has neither and stops it.
        let sum = up.wrapping_add(!down).wrapping_add(u64::from(rising));
        Self { up, down, rising_before: up ^ !down ^ sum }
    }

    /// Whether the last non-zero move up to and including this one was a rise.
    pub fn rising_after(&self) -> u64 {
        self.up | (self.rising_before & !self.down)
    }

    /// Non-zero moves against the direction of the last one.
    pub fn turns(&self) -> u64 {
        (self.up & !self.rising_before) | (self.down & self.rising_before)
    }

    /// The first `n_trades` moves alone, of at least one.
    pub fn first(self, n_trades: usize) -> Self {
        let mask = u64::MAX >> (BLOCK - n_trades);
        Self { up: self.up & mask, down: self.down & mask, ..self }
    }
}

/// Bytes of 0 or 1 as bits, the first lowest. The product moves the low bits of eight bytes into the highest byte.
#[inline]
fn pack(flags: &[u8; BLOCK]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    eights
        .iter()
        .rev()
        .fold(0, |mask, eight| (mask << 8) | (u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56))
}

#[cfg(test)]
mod tests {
    //! Masks against the chain followed one by one.

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn masks_equal_the_chain(prices in prop::collection::vec(0_u8..3, 0..=BLOCK), rising in any::<bool>()) {
            let prices: Vec<f64> = prices.into_iter().map(f64::from).collect();
            let moves = Moves::of(1.0, rising, &prices);
            let (mut previous, mut state) = (1.0, rising);
            for (i, &price) in prices.iter().enumerate() {
                let bit = |mask: u64| mask >> i & 1 == 1;
                prop_assert_eq!(bit(moves.up), price > previous);
                prop_assert_eq!(bit(moves.down), price < previous);
                prop_assert_eq!(bit(moves.rising_before), state);
                prop_assert_eq!(bit(moves.turns()), price != previous && (price > previous) != state);
                state = if price == previous { state } else { price > previous };
                prop_assert_eq!(bit(moves.rising_after()), state);
                previous = price;
            }
            if prices.len() < BLOCK {
                prop_assert_eq!((moves.up | moves.down) >> prices.len(), 0);
            }
        }
    }
}
