//! One question for bars, whoever has them: `query(symbols, start, end, timeframe)`.
//!
//! What the hub holds completely is taken from there. For the rest the providers are asked in their order of preference
//! ([`super::sources::SOURCES`]); what they give is kept in the hub, so that the same question is answered from it the next
//! time.

use crosscut_hub::Hub;
use crosscut_model::{BarSpec, Bars, Timeframe};

use crate::error::IngestError;

use super::wish::{DataKind, Span};
use super::{DownloadRequest, DownloadSummary, Surroundings, run};

/// What a question came to.
#[derive(Debug)]
pub struct QueryAnswer {
    /// Bars of each symbol with a label in the span, in the order asked; symbols nobody has bars of are left out.
    pub bars: Vec<(String, Bars)>,
    /// What had to be downloaded.
    pub summary: DownloadSummary,
}

/// Answers a question: symbols and span are those of the request, whose kinds do not matter.
///
/// # Errors
/// As [`run`]; also when patterns stand for symbols, or a table of the hub is damaged.
pub fn query(
    request: &DownloadRequest,
    timeframe: Timeframe,
    around: Surroundings<'_>,
) -> Result<QueryAnswer, IngestError> {
    if request.symbols.is_empty() || request.symbols.iter().any(|symbol| super::is_pattern(symbol)) {
        return Err(IngestError::request("a query names its symbols\nhint: --symbols BTCUSDT,ETHUSDT"));
    }
    let bar = BarSpec::Time(timeframe);
    let missing = |symbol: &&String| !holds(around, &request.venue, (symbol, &bar), request.span);
    let symbols: Vec<String> = request.symbols.iter().filter(missing).cloned().collect();
    let mut summary = DownloadSummary::default();
    if !symbols.is_empty() {
        let wish =
            DownloadRequest { symbols, kinds: vec![DataKind::Klines(timeframe)], convert: true, ..request.clone() };
        summary = run(&wish, around, false)?;
    }
    let mut bars = Vec::new();
    if around.hub.exists() {
        let hub = Hub::open(around.hub)?;
        for symbol in &request.symbols {
            if hub.bar_info(&request.venue, &bar, symbol).is_err() {
                continue;
            }
            let all = hub.read_all_bars(&request.venue, &bar, symbol)?;
            let (from, until) = [request.span.from, request.span.until]
                .map(|time| all.timestamp.partition_point(|&label| label < time))
                .into();
            bars.push((symbol.clone(), all.rows(from..until)));
        }
    }
    Ok(QueryAnswer { bars, summary })
}

/// Whether the hub has all bars of a span, by what its provenance says.
fn holds(around: Surroundings<'_>, venue: &str, (symbol, bar): (&str, &BarSpec), span: Span) -> bool {
    let Ok(hub) = Hub::open(around.hub) else { return false };
    let Ok(info) = hub.bar_info(venue, bar, symbol) else { return false };
    let until = info.provenance.covered_until.unwrap_or(info.last);
    info.first <= span.from && span.until <= until
}
