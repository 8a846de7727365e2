//! Trials with several objectives: which are not beaten in all of them at once, and how spread out they are.
//!
//! Source: Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE
//! Transactions on Evolutionary Computation 6, 2002.

use std::cmp::Ordering;

/// Whether `a` is no worse than `b` in any objective and better in one. Smaller is better.
fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
}

/// The front of each trial, 0 for those that no other dominates, 1 for those that only front 0 dominates, and so on.
/// Smaller losses are better.
pub fn fronts(losses: &[&[f64]]) -> Vec<usize> {
    let n = losses.len();
    let mut dominated: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut n_above = vec![0usize; n];
    for a in 0..n {
        for b in 0..n {
            if dominates(losses[a], losses[b]) {
                dominated[a].push(b);
                n_above[b] += 1;
            }
        }
    }
    let mut front_of = vec![0; n];
    let mut front: Vec<usize> = (0..n).filter(|&at| n_above[at] == 0).collect();
    let mut level = 0;
    while !front.is_empty() {
        let mut next = Vec::new();
        for &at in &front {
            front_of[at] = level;
            for &below in &dominated[at] {
                n_above[below] -= 1;
                if n_above[below] == 0 {
                    next.push(below);
                }
            }
        }
        front = next;
        level += 1;
    }
    front_of
}

/// How far apart each trial's neighbours of the same front are, summed over objectives, each as a part of the front's
/// extent; infinite for the ends of a front.
pub fn crowding(losses: &[&[f64]], front_of: &[usize]) -> Vec<f64> {
    let mut distances = vec![0.0; losses.len()];
    let n_objectives = losses.first().map_or(0, |losses| losses.len());
    let n_fronts = front_of.iter().max().map_or(0, |last| last + 1);
    for front in 0..n_fronts {
        let mut members: Vec<usize> = (0..losses.len()).filter(|&at| front_of[at] == front).collect();
        for of in (0..n_objectives).map(|objective| move |losses: &[f64]| losses[objective]) {
            members.sort_by(|&a, &b| of(losses[a]).total_cmp(&of(losses[b])).then(a.cmp(&b)));
            let (first, last) = (members[0], members[members.len() - 1]);
            let extent = of(losses[last]) - of(losses[first]);
            distances[first] = f64::INFINITY;
            distances[last] = f64::INFINITY;
            if extent > 0.0 {
                for triple in members.windows(3) {
                    distances[triple[1]] += (of(losses[triple[2]]) - of(losses[triple[0]])) / extent;
                }
            }
        }
    }
    distances
}

/// Trials from the best to the worst: by front, on a front the loneliest first, then as they came.
pub(super) fn order(losses: &[&[f64]]) -> Vec<usize> {
    let front_of = fronts(losses);
    let distances = crowding(losses, &front_of);
    let compare = |&a: &usize, &b: &usize| -> Ordering {
        front_of[a].cmp(&front_of[b]).then(distances[b].total_cmp(&distances[a])).then(a.cmp(&b))
    };
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.sort_by(compare);
    order
}
