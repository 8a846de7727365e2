//! The reference files as columns of numbers.

use std::io::Read;
use std::path::PathBuf;

use serde_json::Value;

/// Columns by name.
type Columns = Vec<(String, Vec<f64>)>;

/// One file: what an indicator is computed from, and what it came to.
pub(super) struct Reference {
    /// Its name in the tables.
    pub(super) name: String,
    /// Columns a formula may use.
    pub(super) inputs: Columns,
    /// Columns to compare with.
    pub(super) outputs: Columns,
}

impl Reference {
    /// A column to compare with.
    pub(super) fn column(&self, name: &str) -> &[f64] {
        let found = self.outputs.iter().find(|(column, _)| column == name);
        &found.unwrap_or_else(|| panic!("{}: no column {name}", self.name)).1
    }
}

/// A file of the shared reference results, if they are there.
fn golden(path: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("CROSSCUT_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join("data/golden").join(path);
    if file.exists() {
        return Some(file);
    }
    println!("skipped: shared data not found");
    None
}

/// Name and text of all files of an archive.
fn archive(path: &str) -> Option<Vec<(String, String)>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(golden(path)?).unwrap()).unwrap();
    let mut texts = Vec::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned();
        texts.push((file.name().unwrap().into_owned(), text));
    }
    Some(texts)
}

/// The fields of a line, commas inside quotes kept.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

/// A table with a line of names; what is no number is missing.
fn table(text: &str) -> Columns {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let names = fields(lines.next().unwrap());
    let mut columns: Columns = names.into_iter().map(|name| (name, Vec::new())).collect();
    for line in lines {
        let fields = fields(line);
        for (at, (_, column)) in columns.iter_mut().enumerate() {
            column.push(fields.get(at).and_then(|field| field.parse().ok()).unwrap_or(f64::NAN));
        }
    }
    columns
}

/// The names of bars in the files' spellings.
fn bar_column(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    ["open", "high", "low", "close", "volume"].into_iter().find(|column| *column == name)
}

/// A file whose bars stand beside the results.
fn with_bars(name: &str, columns: Columns) -> Reference {
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    for (column, values) in columns {
        match bar_column(&column) {
            Some(bar) => inputs.push((bar.to_owned(), values)),
            None if values.iter().all(|x| x.is_nan()) => {}
            None => outputs.push((column, values)),
        }
    }
    Reference { name: name.to_owned(), inputs, outputs }
}

/// A file in which the rows of two symbols alternate: the bars of the first, the close of the second as `other`, and
/// the results, which stand in the rows of the second.
fn of_two_symbols(reference: Reference) -> Reference {
    let every_second = |values: &[f64], first: usize| values.iter().copied().skip(first).step_by(2).collect::<Vec<_>>();
    let take = |columns: &Columns, first: usize| -> Columns {
        columns.iter().map(|(name, values)| (name.clone(), every_second(values, first))).collect()
    };
    let mut inputs = take(&reference.inputs, 0);
    let close = reference.inputs.iter().find(|(name, _)| name == "close").unwrap();
    inputs.push(("other".to_owned(), every_second(&close.1, 1)));
    Reference { name: reference.name, inputs, outputs: take(&reference.outputs, 1) }
}

/// The files of LEAN. The first column counts rows in some.
pub(super) fn lean() -> Option<Vec<Reference>> {
    let files = archive("lean_indicator_reference.zip")?;
    let reference = |(name, text): &(String, String)| {
        let mut columns = table(text);
        columns.retain(|(column, _)| !column.is_empty() && !["Date", "date", "time"].contains(&column.as_str()));
        let reference = with_bars(name, columns);
        if name.starts_with("spy_qqq") { of_two_symbols(reference) } else { reference }
    };
    Some(files.iter().map(reference).collect())
}

/// The sheets of `ta`.
pub(super) fn ta() -> Option<Vec<Reference>> {
    let files = archive("ta_reference.zip")?;
    let reference = |(name, text): &(String, String)| {
        let mut columns = table(text);
        columns.retain(|(column, _)| !column.is_empty());
        with_bars(name, columns)
    };
    Some(files.iter().map(reference).collect())
}

/// The results of Stock.Indicators, each on the bars of `default.csv`, with the close of `compare.csv` as `other`.
pub(super) fn stock_indicators() -> Option<Vec<Reference>> {
    let files = archive("stock_indicators_reference.zip")?;
    let quotes = |name: &str| table(&files.iter().find(|(file, _)| file == name).unwrap().1);
    let mut inputs = quotes("quotes/default.csv");
    inputs.remove(0);
    let other = quotes("quotes/compare.csv").into_iter().find(|(name, _)| name == "close").unwrap().1;
    inputs.push(("other".to_owned(), other));
    let reference = |(name, text): &(String, String)| {
        let name = name.strip_prefix("results/")?.strip_suffix(".standard.json")?;
        let rows: Vec<Value> = serde_json::from_str(text).unwrap();
        let names: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
        let number = |value: &Value| value.as_bool().map_or(value.as_f64(), |x| Some(f64::from(u8::from(x))));
        let column = |name: &String| -> Vec<f64> {
            rows.iter().map(|row| number(&row[name.as_str()]).unwrap_or(f64::NAN)).collect()
        };
        let mut outputs: Columns = names.into_iter().map(|name| (name.clone(), column(name))).collect();
        outputs.retain(|(_, values)| values.iter().any(|x| x.is_finite()));
        Some(Reference { name: name.to_owned(), inputs: inputs.clone(), outputs })
    };
    Some(files.iter().filter_map(reference).collect())
}

/// What the blocks of Tulip's files are computed from, in order.
const TULIP_INPUTS: &[(&str, &str)] = &[
    ("ad adosc kvo mfi", "high low close volume"),
    ("adx adxr ao aroon aroonosc cvi dm dx fisher mass medprice psar", "high low"),
    ("atr cci di natr stoch tr typprice ultosc wad wcprice willr", "high low close"),
    ("avgprice bop", "open high low close"),
    ("emv marketfi", "high low volume"),
    ("nvi obv pvi vwma", "close volume"),
    ("qstick", "open close"),
    ("vosc", "volume"),
    ("crossany crossover add sub mul div", "close other"),
];

/// The blocks of Tulip's files: a name with parameters, inputs and outputs in braces. Outputs are shorter by their
/// warm-up.
pub(super) fn tulip() -> Option<Vec<Reference>> {
    let mut references = Vec::new();
    for file in ["untest", "atoz"] {
        let text = std::fs::read_to_string(golden(&format!("tulipindicators/{file}.txt"))?).unwrap();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut blocks: Vec<(String, Vec<Vec<f64>>)> = Vec::new();
        for line in lines {
            match line.strip_prefix('{') {
                Some(list) => blocks.last_mut().unwrap().1.push(list_of(list.trim_end_matches('}'))),
                None => blocks.push((line.to_owned(), Vec::new())),
            }
        }
        references.extend(blocks.into_iter().map(|(name, lists)| tulip_block(file, &name, lists)));
    }
    Some(references)
}

/// The numbers of a list.
fn list_of(list: &str) -> Vec<f64> {
    list.split(',').filter(|x| !x.trim().is_empty()).map(|x| x.trim().parse().unwrap_or(f64::NAN)).collect()
}

/// One block.
fn tulip_block(file: &str, title: &str, mut lists: Vec<Vec<f64>>) -> Reference {
    let name = title.split(' ').next().unwrap();
    let listed = TULIP_INPUTS.iter().find(|(names, _)| names.split(' ').any(|of| of == name));
    let inputs: Vec<&str> = listed.map_or("close", |(_, inputs)| inputs).split(' ').collect();
    let n = lists[0].len();
    let outputs = lists.split_off(inputs.len());
    let padded = |values: Vec<f64>| [vec![f64::NAN; n - values.len()], values].concat();
    let n_outputs = outputs.len();
    let output_name = |at: usize| if n_outputs == 1 { "result".to_owned() } else { format!("result {}", at + 1) };
    Reference {
        name: format!("{file}: {title}"),
        inputs: inputs.iter().map(|name| (*name).to_owned()).zip(lists).collect(),
        outputs: outputs.into_iter().enumerate().map(|(at, values)| (output_name(at), padded(values))).collect(),
    }
}
