//! Whether the best parameters stand on a plateau or on a spike.
//!
//! A set's neighbours differ from it by at most one step in each parameter that has an order, a step leading to the next
//! value that any set has; parameters that are words must agree, and a set without a value for one that others have stands
//! apart from them. Where a sweep drew its sets at random, few have such
//! neighbours: then the nearest sets count, by the distance between places in the order of each parameter's values.
//!
//! The score of a set is how much of what it has above the middle of all sets its neighbours have too:
//! `(median of neighbours - median of all) / (own - median of all)`, 1 on a plateau, 0 or less on a spike.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::median;

/// A score from which on a set stands on a plateau.
const PLATEAU: f64 = 0.5;

/// Parameters with an order up to which all neighbours on the grid are visited: 3^6 of them.
const DIMENSIONS_MOST: usize = 6;

/// A set's surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Neighbourhood {
    /// Number of neighbours with a value.
    pub n_neighbours: usize,
    /// Median value of the neighbours.
    pub median: Option<f64>,
    /// Lowest value of the neighbours.
    pub lowest: Option<f64>,
    /// The score; `None` without neighbours, or for a set that is not above the middle.
    pub score: Option<f64>,
}

/// What a set stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// Its neighbours do nearly as well.
    Plateau,
    /// Its neighbours do not.
    Spike,
    /// It has no neighbours, or is not above the middle.
    Unknown,
}

impl Neighbourhood {
    /// What the set stands on.
    pub fn ground(&self) -> Ground {
        match self.score {
            Some(score) if score >= PLATEAU => Ground::Plateau,
            Some(_) => Ground::Spike,
            None => Ground::Unknown,
        }
    }
}

/// What one value of one parameter did, over all sets that have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The parameter.
    pub parameter: String,
    /// The value, as text.
    pub value: String,
    /// Sets that have it, with or without a value of the objective.
    pub n_sets: usize,
    /// Those of them without one: failed, without trades, or their equity was gone.
    pub n_undefined: usize,
    /// Median of the objective where it is defined.
    pub median: Option<f64>,
    /// Highest of the objective.
    pub highest: Option<f64>,
    /// Lowest of the objective.
    pub lowest: Option<f64>,
}

/// Places of sets in the space of their parameters.
struct Space {
    /// For each set, the place of each ordered parameter's value among all values, from 0.
    places: Vec<Vec<u32>>,
    /// For each set, its parameters that are words, joined.
    words: Vec<String>,
    /// Number of values of each ordered parameter.
    n_values: Vec<u32>,
}

/// The surroundings of each set. `parameters` has one list of texts per set, all in one order; `values` is the objective,
/// `None` where it is undefined.
pub fn surface(parameters: &[Vec<String>], values: &[Option<f64>]) -> Vec<Neighbourhood> {
    let space = Space::new(parameters);
    let middle = median(values.iter().flatten().copied().collect());
    let mut at: BTreeMap<(&str, &[u32]), Vec<usize>> = BTreeMap::new();
    for (set_idx, (words, places)) in space.words.iter().zip(&space.places).enumerate() {
        at.entry((words, places)).or_default().push(set_idx);
    }
    let around = |set_idx: usize| {
        let mut neighbours = space.on_grid(set_idx, &at);
        if neighbours.len() < space.n_values.len() {
            neighbours = space.nearest(set_idx);
        }
        neighbourhood(neighbours.iter().filter_map(|&idx| values[idx]).collect(), values[set_idx], middle)
    };
    (0..parameters.len()).into_par_iter().map(around).collect()
}

/// What each value of each parameter did: where costs or execution are among the parameters, how much depends on them.
pub fn sensitivities(names: &[String], parameters: &[Vec<String>], values: &[Option<f64>]) -> Vec<Sensitivity> {
    let of = |(at, name): (usize, &String)| {
        let mut by_value: BTreeMap<(Option<OrderedNumber>, &str), Vec<usize>> = BTreeMap::new();
        for (set_idx, texts) in parameters.iter().enumerate() {
            let text = texts[at].as_str();
            by_value.entry((number(text), text)).or_default().push(set_idx);
        }
        let one = |((_, text), sets): ((Option<OrderedNumber>, &str), Vec<usize>)| {
            let found: Vec<f64> = sets.iter().filter_map(|&idx| values[idx]).collect();
            Sensitivity {
                parameter: name.clone(),
                value: text.to_owned(),
                n_sets: sets.len(),
                n_undefined: sets.len() - found.len(),
                highest: found.iter().copied().reduce(f64::max),
                lowest: found.iter().copied().reduce(f64::min),
                median: median(found),
            }
        };
        by_value.into_iter().map(one).collect::<Vec<_>>()
    };
    let lists: Vec<Vec<Sensitivity>> = names.iter().enumerate().map(of).collect();
    lists.into_iter().flatten().filter(|one| one.n_sets < parameters.len()).collect()
}

/// A set's surroundings from its neighbours' values.
fn neighbourhood(neighbours: Vec<f64>, own: Option<f64>, middle: Option<f64>) -> Neighbourhood {
    let (n_neighbours, lowest) = (neighbours.len(), neighbours.iter().copied().reduce(f64::min));
    let around = median(neighbours);
    let score = match (around, own, middle) {
        (Some(around), Some(own), Some(middle)) if own > middle => Some((around - middle) / (own - middle)),
        _ => None,
    };
    Neighbourhood { n_neighbours, median: around, lowest, score }
}

impl Space {
    /// Finds the order of each parameter: numbers have one, words have none. An empty text is no value.
    fn new(parameters: &[Vec<String>]) -> Self {
        let n_parameters = parameters.first().map_or(0, Vec::len);
        let mut space = Self {
            places: vec![Vec::new(); parameters.len()],
            words: vec![String::new(); parameters.len()],
            n_values: Vec::new(),
        };
        for at in 0..n_parameters {
            let numbers: Vec<Option<OrderedNumber>> = parameters.iter().map(|texts| number(&texts[at])).collect();
            let is_ordered =
                parameters.iter().zip(&numbers).all(|(texts, number)| number.is_some() || texts[at].is_empty());
            let mut known: Vec<OrderedNumber> = numbers.iter().copied().flatten().collect();
            known.sort_unstable();
            known.dedup();
            for (words, (texts, number)) in space.words.iter_mut().zip(parameters.iter().zip(&numbers)) {
                if !is_ordered || known.is_empty() {
                    words.push_str(&texts[at]);
                    words.push('\n');
                } else if number.is_none() {
                    words.push_str(&format!("none of {at}\n"));
                }
            }
            if is_ordered && !known.is_empty() {
                // Without a value it is at any place: its words set it apart.
                let place =
                    |number: &Option<OrderedNumber>| number.and_then(|one| known.binary_search(&one).ok()).unwrap_or(0);
                space.places.iter_mut().zip(&numbers).for_each(|(places, number)| places.push(place(number) as u32));
                space.n_values.push(known.len() as u32);
            }
        }
        space
    }

    /// The sets at most one step away in each ordered parameter.
    fn on_grid(&self, set_idx: usize, at: &BTreeMap<(&str, &[u32]), Vec<usize>>) -> Vec<usize> {
        let own = &self.places[set_idx];
        if own.len() > DIMENSIONS_MOST {
            return Vec::new();
        }
        let mut out = Vec::new();
        for code in 0..3usize.pow(own.len() as u32) {
            let mut rest = code;
            let step = |place: &u32| {
                let step = rest % 3;
                rest /= 3;
                (place + step as u32).checked_sub(1)
            };
            let Some(places) = own.iter().map(step).collect::<Option<Vec<u32>>>() else { continue };
            if let Some(sets) = at.get(&(self.words[set_idx].as_str(), places.as_slice())) {
                out.extend(sets.iter().copied().filter(|&other| other != set_idx));
            }
        }
        out
    }

    /// The nearest sets of the same words, two for each ordered parameter; of equally near ones the first.
    fn nearest(&self, set_idx: usize) -> Vec<usize> {
        let own = &self.places[set_idx];
        let same = |&other: &usize| other != set_idx && self.words[other] == self.words[set_idx];
        let distance = |other: usize| -> f64 {
            let gaps = own.iter().zip(&self.places[other]).zip(&self.n_values);
            gaps.map(|((a, b), n)| f64::from(a.abs_diff(*b)) / f64::from((*n).max(2) - 1)).map(|gap| gap * gap).sum()
        };
        let mut others: Vec<(f64, usize)> =
            (0..self.places.len()).filter(same).map(|other| (distance(other), other)).collect();
        others.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        others.into_iter().take(2 * own.len()).map(|(_, other)| other).collect()
    }
}

/// A number with a total order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct OrderedNumber(f64);

impl Eq for OrderedNumber {}

impl Ord for OrderedNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for OrderedNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A text as a finite number; `None` for words.
fn number(text: &str) -> Option<OrderedNumber> {
    let number: f64 = text.parse().ok()?;
    // -0 and 0 are one value.
    number.is_finite().then_some(OrderedNumber(number + 0.0))
}
