//! Markets whose truth is known, to try the statistics on.

use crosscut_kernels::bootstrap::Random;

/// Returns of `n_sets` sets without skill over `n` periods that share a factor: two of them correlate by `rho`, each deviates by
/// about 0.01. Draws are sums of four uniform ones: cheap, and close enough to normal for sums over time.
pub fn worthless(seed: u64, n_sets: usize, n: usize, rho: f64) -> Vec<Vec<f64>> {
    let mut random = Random::new(seed);
    let mut draw = move || {
        let bits = random.bits();
        let part = |shift: u32| f64::from((bits >> shift) as u16) / 65_536.0 - 0.5;
        (part(0) + part(16) + part(32) + part(48)) * 3f64.sqrt()
    };
    let shared: Vec<f64> = (0..n).map(|_| draw()).collect();
    let (own, common) = ((1.0 - rho).sqrt() * 0.01, rho.sqrt() * 0.01);
    (0..n_sets).map(|_| shared.iter().map(|factor| common * factor + own * draw()).collect()).collect()
}
