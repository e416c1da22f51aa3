// The normal and Student's t distribution, as far as intervals need them.
#pragma once

namespace sqm::stats {

// Φ(z), by the complementary error function (DLMF 7.17, 7.2).
double NormalCdf(double z);

// Φ⁻¹(p) for 0 < p < 1, to about 1e-15; NaN otherwise.
// M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484.
double NormalQuantile(double p);

// Iₓ(a, b), the regularized incomplete beta function, for 0 ≤ x ≤ 1 and a, b > 0; NaN otherwise.
// The continued fraction of DLMF 8.17.22, evaluated by Lentz's method (Applied Optics 15 (1976)
// 668) as modified by Thompson and Barnett (J. Comput. Phys. 64 (1986) 490), on the side of the
// symmetry 8.17.4 where it converges fast: O(√max(a, b)) terms.
double RegularizedBeta(double x, double a, double b);

// P(T ≤ t) for `df` > 0 degrees of freedom; NaN otherwise. Abramowitz and Stegun 26.7.1.
double StudentTCdf(double t, double df);

// The t with StudentTCdf(t, df) = p, for 0 < p < 1 and df > 0; NaN otherwise. By bisection of the
// tail; beyond a million degrees of freedom by the expansion of Abramowitz and Stegun 26.7.5.
double StudentTQuantile(double p, double df);

}  // namespace sqm::stats
