//! Work on markets that share their bars: two at a time, so that the next factor column is made while sets run over the
//! last one, and no more than two such columns are held.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Pieces of work at a time, and so the markets that are held at once.
const LANES: usize = 2;

/// Does `work` on all items on the threads of the pool, on at most two of them at a time. Each may itself use all threads;
/// one that is waiting for others may begin the next item.
pub fn in_lanes<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    let queue = Mutex::new(items.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    (0..LANES).into_par_iter().for_each(|_| {
        while let Some(item) = next() {
            work(item);
        }
    });
}

#[cfg(test)]
mod tests {
    //! Every item once, never more than two.

    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn each_item_once_and_never_more_than_two() {
        for n_threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let (under_way, most, seen) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
            pool.install(|| {
                in_lanes((0..40).collect(), |item: usize| {
                    most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // Work that is itself spread over the pool, so that waiting threads look for more.
                    let sum: usize = (0..1_000usize).into_par_iter().map(|n| n % 7).sum();
                    seen.lock().unwrap().push((item, sum));
                    under_way.fetch_sub(1, Ordering::SeqCst);
                });
            });
            let mut seen = seen.into_inner().unwrap();
            seen.sort_unstable();
            assert_eq!(seen.iter().map(|(item, _)| *item).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
            assert!(most.into_inner() <= LANES, "{n_threads} threads");
        }
        in_lanes(Vec::<usize>::new(), |_| unreachable!("there is no item"));
    }
}
