//! Work on several numbers at once, by the widest instructions the processor has.

/// Work that may be compiled several times.
pub trait Work {
    /// What comes of it.
    type Output;

    /// Does it. Has to be marked `#[inline(always)]`, as the functions it calls: a function on its own is compiled for all
    /// processors only, and so is a closure that is called from two places.
    fn run(self) -> Self::Output;
}

/// Does `work`, and does it by AVX-512 or AVX2 where the processor has that: what is inlined into it is compiled for each. The results have
/// the same bits, for neither adds, multiplies or divides in another order, nor rounds once instead of twice.
///
/// For loops that take numbers side by side and are worth the question, some ten instructions.
#[inline]
pub fn widest<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
    {
        // SAFETY: the processor has all that `by_avx512` is compiled for, as was just asked.
        #[allow(unsafe_code, reason = "whether a processor has an instruction is known when it runs only")]
        return unsafe { by_avx512(work) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the same, of `by_avx2`.
        #[allow(unsafe_code, reason = "whether a processor has an instruction is known when it runs only")]
        return unsafe { by_avx2(work) };
    }
    work.run()
}

/// Does `work`, compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn by_avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

/// Does `work`, compiled for AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn by_avx512<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(test)]
mod tests {
    //! The same bits, whatever the processor has.

    use super::*;
    use crate::bootstrap::Random;

    /// Products, sums, quotients and choices, of which a fused or reordered one would have other bits.
    struct Mix<'a>(&'a [f64]);

    impl Work for Mix<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn run(self) -> Vec<f64> {
            let (mut sum, mut mixed) = (0.0, Vec::new());
            for of in self.0.windows(3) {
                let product = of[0] * of[1] + of[2];
                sum += product;
                mixed.push((if of[0] < of[1] { product / of[1] } else { product - of[2] / of[0] }) + sum);
            }
            mixed
        }
    }

    /// Numbers to be worked on.
    fn values(n_values: usize) -> Vec<f64> {
        let mut random = Random::new(5);
        let mut values: Vec<f64> = (0..n_values).map(|_| random.below(1_000_000) as f64 / 7.0 - 5e4).collect();
        if let Some(value) = values.get_mut(7) {
            *value = f64::NAN;
        }
        values
    }

    /// Their bits.
    fn bits(values: Vec<f64>) -> Vec<u64> {
        values.into_iter().map(f64::to_bits).collect()
    }

    #[test]
    fn the_bits_are_the_same() {
        for n_values in [0, 3, 4, 9, 64, 1_000] {
            let values = values(n_values);
            assert_eq!(bits(widest(Mix(&values))), bits(Mix(&values).run()), "{n_values} values");
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_bits_are_those_of_avx2() {
        if !is_x86_feature_detected!("avx2") {
            println!("skipped: the processor has no AVX2");
            return;
        }
        let values = values(1_000);
        // SAFETY: the processor has AVX2, as was just asked.
        #[allow(unsafe_code, reason = "a processor with AVX-512 would never take this way")]
        let mixed = unsafe { by_avx2(Mix(&values)) };
        assert_eq!(bits(mixed), bits(Mix(&values).run()));
    }
}
