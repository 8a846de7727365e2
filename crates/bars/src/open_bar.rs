//! The bar being built: everything a bar's columns need except the median.
//!
//! Sums are plain running sums in trade order, on purpose: which trade reaches a threshold then depends on nothing but
//! the trades, and agrees with every other program that adds in order.

/// The tick rule (Lee and Ready 1991): a trade is a purchase if the last price change up to and including it was a
/// rise. Runs across bars; before the first change a trade has no side.
#[derive(Debug, Clone, Copy, Default)]
pub struct TickRule {
    /// Price of the previous trade; `None` before the first.
    previous: Option<f64>,
    /// Whether the last change of price was a rise.
    rising: bool,
}

/// The trades of one stretch of input, equally long.
#[derive(Debug, Clone, Copy)]
pub struct Ticks<'a> {
    /// Quote units per base unit.
    pub price: &'a [f64],
    /// Base units.
    pub quantity: &'a [f64],
    /// Whether the taker sold, where the source says.
    pub is_buyer_maker: &'a [Option<bool>],
}

impl<'a> Ticks<'a> {
    /// Rows `from..to`.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        Self {
            price: &self.price[from..to],
            quantity: &self.quantity[from..to],
            is_buyer_maker: &self.is_buyer_maker[from..to],
        }
    }
}

/// The running fields of the open bar.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenBar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Sum of quantities.
    pub volume: f64,
    /// Sum of quantities bought by takers.
    pub buy_volume: f64,
    /// Sum of price times quantity.
    pub dollar_volume: f64,
    /// Trades so far; 0 means that no bar is open.
    pub ticks: u64,
    /// Rising moves inside the bar.
    pub ups: u64,
    /// Changes of direction between consecutive non-zero moves inside the bar.
    pub reversals: u64,
    /// Direction of the last non-zero move inside the bar: 1, -1, or 0 before the first.
    direction: i8,
}

impl OpenBar {
    /// Adds trades until `full` says that the bar is complete or the trades end; returns how many were taken. The trade
    /// that completes the bar belongs to it. `VENUE`: believe the venue's side where there is one.
    pub fn fold<const VENUE: bool>(
        &mut self,
        ticks: Ticks<'_>,
        rule: &mut TickRule,
        full: impl Fn(&Self) -> bool,
    ) -> usize {
        let Some(&first) = ticks.price.first() else { return 0 };
        if self.ticks == 0 {
            *self = Self { open: first, high: first, low: first, close: first, ..Self::default() };
        }
        // Local copies let the compiler keep the whole state in registers.
        let mut bar = *self;
        let mut rising = rule.rising;
        let mut previous = rule.previous.unwrap_or(first);
        let mut taken = 0;
        for ((&price, &quantity), &maker) in ticks.price.iter().zip(ticks.quantity).zip(ticks.is_buyer_maker) {
            rising = if price == previous { rising } else { price > previous };
            previous = price;
            let bought = match maker {
                Some(maker) if VENUE => !maker,
                _ => rising,
            };
            bar.add(price, quantity, bought);
            taken += 1;
            if full(&bar) {
                break;
            }
        }
        *self = bar;
        *rule = TickRule { previous: Some(previous), rising };
        taken
    }

    /// Adds one trade. Written without branches that depend on the data: direction and side are close to random.
    #[inline(always)]
    fn add(&mut self, price: f64, quantity: f64, bought: bool) {
        let up = price > self.close;
        let down = price < self.close;
        let step = i8::from(up) - i8::from(down);
        self.ups += u64::from(up);
        self.reversals += u64::from(step * self.direction < 0);
        self.direction = if step == 0 { self.direction } else { step };
        self.high = if price > self.high { price } else { self.high };
        self.low = if price < self.low { price } else { self.low };
        self.close = price;
        self.volume += quantity;
        self.dollar_volume += price * quantity;
        self.buy_volume += if bought { quantity } else { 0.0 };
        self.ticks += 1;
    }
}
