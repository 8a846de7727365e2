//! Sobol points: a sequence that fills a cube evenly (Sobol 1967), in Gray code order (Antonov and Saleev 1979), with the
//! direction numbers of Joe and Kuo ("Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci.
//! Comput. 30, 2008; their file new-joe-kuo-6). The same points as SciPy's `qmc.Sobol(scramble=False)`.

/// Most dimensions there are direction numbers for.
pub(in crate::sweep) const DIMENSIONS_MAX: usize = DIRECTIONS.len() + 1;

/// Bits of a coordinate.
const BITS: usize = 52;

/// Primitive polynomials, all coefficients as bits, and initial direction numbers of dimensions 2, 3, ...
const DIRECTIONS: [(u32, &[u64]); 39] = [
    (3, &[1]),
    (7, &[1, 3]),
    (11, &[1, 3, 1]),
    (13, &[1, 1, 1]),
    (19, &[1, 1, 3, 3]),
    (25, &[1, 3, 5, 13]),
    (37, &[1, 1, 5, 5, 17]),
    (41, &[1, 1, 5, 5, 5]),
    (47, &[1, 1, 7, 11, 19]),
    (55, &[1, 1, 5, 1, 1]),
    (59, &[1, 1, 1, 3, 11]),
    (61, &[1, 3, 5, 5, 31]),
    (67, &[1, 3, 3, 9, 7, 49]),
    (91, &[1, 1, 1, 15, 21, 21]),
    (97, &[1, 3, 1, 13, 27, 49]),
    (103, &[1, 1, 1, 15, 7, 5]),
    (109, &[1, 3, 1, 15, 13, 25]),
    (115, &[1, 1, 5, 5, 19, 61]),
    (131, &[1, 3, 7, 11, 23, 15, 103]),
    (137, &[1, 3, 7, 13, 13, 15, 69]),
    (143, &[1, 1, 3, 13, 7, 35, 63]),
    (145, &[1, 3, 5, 9, 1, 25, 53]),
    (157, &[1, 3, 1, 13, 9, 35, 107]),
    (167, &[1, 3, 1, 5, 27, 61, 31]),
    (171, &[1, 1, 5, 11, 19, 41, 61]),
    (185, &[1, 3, 5, 3, 3, 13, 69]),
    (191, &[1, 1, 7, 13, 1, 19, 1]),
    (193, &[1, 3, 7, 5, 13, 19, 59]),
    (203, &[1, 1, 3, 9, 25, 29, 41]),
    (211, &[1, 3, 5, 13, 23, 1, 55]),
    (213, &[1, 3, 7, 3, 13, 59, 17]),
    (229, &[1, 3, 1, 3, 5, 53, 69]),
    (239, &[1, 1, 5, 5, 23, 33, 13]),
    (241, &[1, 1, 7, 7, 1, 61, 123]),
    (247, &[1, 1, 7, 9, 13, 61, 49]),
    (253, &[1, 3, 3, 5, 3, 55, 33]),
    (285, &[1, 3, 1, 15, 31, 13, 49, 245]),
    (299, &[1, 3, 5, 15, 31, 59, 63, 97]),
    (301, &[1, 3, 1, 11, 11, 11, 77, 249]),
];

/// Points in a cube of some dimensions, one after another.
#[derive(Debug, Clone)]
pub(in crate::sweep) struct Sobol {
    /// Direction numbers of each dimension.
    directions: Vec<[u64; BITS]>,
    /// The next point, `BITS` bits per coordinate.
    next: Vec<u64>,
    /// How many points have been given.
    n_given: u64,
}

impl Sobol {
    /// The sequence in so many dimensions, at most [`DIMENSIONS_MAX`].
    pub(in crate::sweep) fn new(n_dimensions: usize) -> Self {
        let directions = (0..n_dimensions).map(directions).collect();
        Self { directions, next: vec![0; n_dimensions], n_given: 0 }
    }

    /// The next point: coordinates from 0 to below 1.
    pub(in crate::sweep) fn point(&mut self) -> Vec<f64> {
        // Exact: coordinates have no more bits than a number holds.
        let point = self.next.iter().map(|&bits| bits as f64 / (1u64 << BITS) as f64).collect();
        let changed = (self.n_given.trailing_ones() as usize).min(BITS - 1);
        for (bits, directions) in self.next.iter_mut().zip(&self.directions) {
            *bits ^= directions[changed];
        }
        self.n_given += 1;
        point
    }
}

/// The direction numbers of a dimension, shifted to the top of a coordinate.
fn directions(dimension: usize) -> [u64; BITS] {
    let mut numbers = [0u64; BITS];
    let Some((polynomial, initial)) = dimension.checked_sub(1).map(|at| DIRECTIONS[at]) else {
        numbers.iter_mut().enumerate().for_each(|(at, number)| *number = 1 << (BITS - 1 - at));
        return numbers;
    };
    let degree = initial.len();
    for at in 0..BITS {
        numbers[at] = match initial.get(at) {
            Some(first) => first << (BITS - 1 - at),
            None => {
                let mut number = numbers[at - degree] ^ (numbers[at - degree] >> degree);
                for back in 1..degree {
                    if polynomial >> (degree - back) & 1 == 1 {
                        number ^= numbers[at - back];
                    }
                }
                number
            }
        };
    }
    numbers
}
