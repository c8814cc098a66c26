// What Python and its modules `math` and `operator` have and JavaScript lacks, or has otherwise.
// No derivative stands here. What raises in Python throws `Raised`.

class Raised extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

// What a row of the table gives where its function raised: a page goes on as `ieee()` does.
function limit(error, instead, operands) {
  if (!(error instanceof Raised)) throw error;
  return instead(...operands);
}

// A function of Math's with the errors of Python's `math`.
function checked(found, ...operands) {
  if (Number.isNaN(found) && !operands.some(Number.isNaN)) throw new Raised("ValueError");
  if (!Number.isFinite(found) && operands.every(Number.isFinite)) throw new Raised("OverflowError");
  return found;
}

// Operators.

function operator_add(x, y) { return x + y; }
function operator_sub(x, y) { return x - y; }
function operator_mul(x, y) { return x * y; }
function operator_neg(x) { return -x; }
function operator_pos(x) { return x; }
function operator_lt(x, y) { return x < y ? 1 : 0; }
function operator_le(x, y) { return x <= y ? 1 : 0; }
function operator_gt(x, y) { return x > y ? 1 : 0; }
function operator_ge(x, y) { return x >= y ? 1 : 0; }
function operator_eq(x, y) { return x === y ? 1 : 0; }
function operator_ne(x, y) { return x !== y ? 1 : 0; }

function div(x, y) {
  if (y === 0) throw new Raised("ZeroDivisionError");
  return x / y;
}
function operator_truediv(x, y) { return div(x, y); }

// The rest has the sign of the divisor, also where it is 0.
function mod(x, y) {
  if (y === 0) throw new Raised("ZeroDivisionError");
  const rest = x % y;
  if (rest === 0) return y < 0 ? -0 : 0;
  return (y < 0) !== (rest < 0) ? rest + y : rest;
}
function operator_mod(x, y) { return mod(x, y); }

function floordiv(x, y) {
  if (y === 0) throw new Raised("ZeroDivisionError");
  const rest = x % y;
  let quotient = (x - rest) / y;
  if (rest !== 0 && (y < 0) !== (rest < 0)) quotient -= 1;
  if (quotient === 0) return math_copysign(0, x / y);
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}
function operator_floordiv(x, y) { return floordiv(x, y); }

// As C's pow, which knows that 1 to any power is 1, and with Python's errors.
function pow(x, y) {
  if (x === 1 || y === 0) return 1;
  if (x === -1 && (y === Infinity || y === -Infinity)) return 1;
  if (x === 0 && y < 0 && y !== -Infinity) throw new Raised("ZeroDivisionError");
  if (x < 0 && x !== -Infinity && Number.isFinite(y) && !Number.isInteger(y)) throw new Raised("ValueError");
  const found = x ** y;
  if (!Number.isFinite(found) && Number.isFinite(x) && Number.isFinite(y)) throw new Raised("OverflowError");
  return found;
}

function real_power(x, y) { return pow(x, y); }

// Built-ins.

function py_truth(x) { return x !== 0 && x !== false; }
function py_abs(x) { return Math.abs(x); }
function py_len(xs) { return xs.length; }

// The first of those that are largest, where comparisons with NaN are false.
function py_max(...xs) {
  const numbers = Array.isArray(xs[0]) ? xs[0] : xs;
  return numbers.reduce((found, x) => (x > found ? x : found));
}
function py_min(...xs) {
  const numbers = Array.isArray(xs[0]) ? xs[0] : xs;
  return numbers.reduce((found, x) => (x < found ? x : found));
}
function py_max_or_default(xs, otherwise) {
  return xs.length ? py_max(xs) : otherwise;
}

function py_range(first, end) {
  const from = end === undefined ? 0 : first;
  const count = Math.max(0, (end === undefined ? first : end) - from);
  return Array.from({ length: count }, (_, i) => from + i);
}
function py_enumerate(xs, start = 0) { return xs.map((x, i) => [i + start, x]); }
function py_zip(xs, ys) {
  return xs.slice(0, Math.min(xs.length, ys.length)).map((x, i) => [x, ys[i]]);
}
function py_map(call, xs, ys) {
  return py_zip(xs, ys).map(([x, y]) => call(x, y));
}
function py_repeated(xs, count) {
  return Array.from({ length: count * xs.length }, (_, i) => xs[i % xs.length]);
}
function py_removed(xs, x) {
  xs.splice(xs.indexOf(x), 1);
}

// The first NaN of numbers, or the one that is chosen.
function first_nan_or(choose, numbers) {
  if (!numbers.length) throw new Raised("ValueError");
  const found = numbers.find(Number.isNaN);
  return found === undefined ? choose(numbers) : found;
}

// To decimal places, ties to even. `toFixed` rounds the exact number, but ties away from 0.
function rounded_to(x, digits) {
  if (!Number.isFinite(x) || digits > 100 || Math.abs(x) >= 1e21) return digits < 0 ? to_units(x, 10 ** -digits) : x;
  if (digits <= 0) return to_units(x, 10 ** -digits);
  const text = x.toFixed(digits);
  const odd = Number(text.at(-1)) % 2 !== 0;
  const away = Number(text);
  const nearer = odd && is_tie(x, digits) ? (away - Math.sign(x) * 10 ** -digits).toFixed(digits) : away;
  return math_copysign(Number(nearer), x);
}
// Whether a number ends in a 5 at the next decimal place, and has no more digits.
function is_tie(x, digits) {
  const text = Math.abs(x).toFixed(Math.min(100, digits + 60));
  return /^50*$/.test(text.slice(text.indexOf(".") + 1 + digits));
}
function to_units(x, unit) {
  if (!Number.isFinite(x) || unit === Infinity) return Number.isFinite(x) ? math_copysign(0, x) : x;
  const scaled = x / unit;
  const low = Math.floor(scaled);
  const rest = scaled - low;
  const up = rest > 0.5 || (rest === 0.5 && low % 2 !== 0);
  return math_copysign((up ? low + 1 : low) * unit, x);
}

// The module math.

function math_exp(x) { return checked(Math.exp(x), x); }
function math_expm1(x) { return checked(Math.expm1(x), x); }
function math_exp2(x) { return checked(2 ** x, x); }
function math_pow(x, y) { return checked(x === 1 || y === 0 ? 1 : x ** y, x, y); }
function math_sqrt(x) { return checked(Math.sqrt(x), x); }
function math_cbrt(x) { return Math.cbrt(x); }
function math_sin(x) { return checked(Math.sin(x), x); }
function math_cos(x) { return checked(Math.cos(x), x); }
function math_tan(x) { return checked(Math.tan(x), x); }
function math_asin(x) { return checked(Math.asin(x), x); }
function math_acos(x) { return checked(Math.acos(x), x); }
function math_atan(x) { return Math.atan(x); }
function math_atan2(y, x) { return Math.atan2(y, x); }
function math_sinh(x) { return checked(Math.sinh(x), x); }
function math_cosh(x) { return checked(Math.cosh(x), x); }
function math_tanh(x) { return Math.tanh(x); }
function math_asinh(x) { return Math.asinh(x); }
function math_acosh(x) { return checked(Math.acosh(x), x); }

function logarithm(found, x, pole) {
  if (x <= pole) throw new Raised("ValueError");
  return found;
}
function math_log(x) { return logarithm(Math.log(x), x, 0); }
function math_log2(x) { return logarithm(Math.log2(x), x, 0); }
function math_log10(x) { return logarithm(Math.log10(x), x, 0); }
function math_log1p(x) { return logarithm(Math.log1p(x), x, -1); }
function math_atanh(x) {
  if (Math.abs(x) >= 1) throw new Raised("ValueError");
  return Math.atanh(x);
}

// They give an int in Python, which has no -0.
function whole(found, x) {
  if (!Number.isFinite(x)) throw new Raised(Number.isNaN(x) ? "ValueError" : "OverflowError");
  return found + 0;
}
function math_floor(x) { return whole(Math.floor(x), x); }
function math_ceil(x) { return whole(Math.ceil(x), x); }
function math_trunc(x) { return whole(Math.trunc(x), x); }

function math_fmod(x, y) {
  if (y === 0 && !Number.isNaN(x)) throw new Raised("ValueError");
  if (Math.abs(x) === Infinity && !Number.isNaN(y)) throw new Raised("ValueError");
  return x % y;
}
// The rest of the division whose quotient is rounded, ties to even.
function math_remainder(x, y) {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (Math.abs(x) === Infinity || y === 0) throw new Raised("ValueError");
  if (Math.abs(y) === Infinity) return x;
  const size = Math.abs(x);
  const divisor = Math.abs(y);
  const rest = size % divisor;
  const left = divisor - rest;
  let found = rest;
  if (rest > left) found = -left;
  else if (rest === left) found = rest - 2 * ((0.5 * (size - rest)) % divisor);
  return math_copysign(1, x) * found;
}

function math_copysign(size, sign) {
  const negative = sign < 0 || Object.is(sign, -0);
  return negative ? -Math.abs(size) : Math.abs(size);
}
function math_isfinite(x) { return Number.isFinite(x); }
function math_factorial(n) {
  let found = 1;
  for (let k = 2; k <= n; k++) found *= k;
  return found;
}
function math_prod(xs) { return xs.reduce((found, x) => found * x, 1); }

// The length of a vector: scaled by a power of two, and summed with what rounding takes away.
function math_hypot(...xs) {
  const sizes = xs.map(Math.abs);
  if (sizes.includes(Infinity)) return Infinity;
  if (sizes.some(Number.isNaN)) return NaN;
  const largest = py_max(sizes);
  if (largest === 0) return 0;
  let unit = 2 ** Math.max(-1022, Math.min(1022, Math.floor(Math.log2(largest))));
  const squares = sizes.flatMap((x) => two_product(x / unit, x / unit));
  const total = math_fsum(squares);
  let root = Math.sqrt(total);
  const [square, error] = two_product(root, root);
  root += math_fsum([total, -square, -error]) / (2 * root); // one step of Newton's
  return root * unit;
}

// The sum, rounded once: partial sums that do not overlap (Shewchuk, 1997).
function math_fsum(xs) {
  let parts = [];
  let special = 0;
  let infinite = 0;
  for (let x of xs) {
    const kept = [];
    const given = x;
    for (let part of parts) {
      if (Math.abs(x) < Math.abs(part)) [x, part] = [part, x];
      const high = x + part;
      const low = part - (high - x);
      if (low !== 0) kept.push(low);
      x = high;
    }
    if (!Number.isFinite(x)) {
      if (Number.isFinite(given)) throw new Raised("OverflowError");
      special += given;
      if (!Number.isNaN(given)) infinite += given;
      parts = [];
    } else if (x !== 0) parts = [...kept, x];
    else parts = kept;
  }
  if (Number.isNaN(infinite)) throw new Raised("ValueError");
  return special === 0 ? rounded_once(parts) : special;
}
function rounded_once(parts) {
  let n = parts.length;
  if (!n) return 0;
  let high = parts[--n];
  let low = 0;
  while (n > 0) {
    const x = high;
    const y = parts[--n];
    high = x + y;
    low = y - (high - x);
    if (low !== 0) break;
  }
  // Half an ulp, and more of the same sign below it: then the sum is on its other side.
  if (n > 0 && low < 0 === parts[n - 1] < 0 && low !== 0) {
    const twice = low * 2;
    const moved = high + twice;
    if (twice === moved - high) high = moved;
  }
  return high;
}

// The error function: near 0 by a polynomial, beyond by its tail.
function polynomial(numbers, x) {
  return numbers.reduceRight((found, c) => found * x + c, 0);
}
function math_erf(x) {
  const size = Math.abs(x);
  if (size < 1) return x + x * polynomial(ERF, x * x);
  return math_copysign(1 - erfc_tail(size), x);
}
function math_erfc(x) {
  const size = Math.abs(x);
  if (size < 0.5) return 0.5 - (x - 0.5 + x * polynomial(ERF, x * x));
  return x > 0 ? erfc_tail(size) : x < 0 ? 2 - erfc_tail(size) : x;
}
// erfc(x) for x from 0.5 on: exp(-x**2) times a polynomial of (x - 4) / (x + 4).
function erfc_tail(size) {
  const x = size > 28 ? 28 : size;
  const [square, error] = two_product(x, x);
  const small = Math.exp(-square) * (1 - error);
  const above = x + 4;
  return (small * polynomial(ERFC, (x - 4) / above)) / above;
}

// The logarithm of |gamma|: from 15 on by Stirling's series; near 2 by a series that cancels nothing
// (Abramowitz and Stegun, 1964, 6.1.33), which recurrence brings to all between.
function math_lgamma(x) {
  if (Number.isNaN(x)) return x;
  if (!Number.isFinite(x)) return Infinity;
  if (x <= 0 && Number.isInteger(x)) throw new Raised("ValueError");
  if (Math.abs(x) < 1e-20) return -Math.log(Math.abs(x));
  if (x < 0) {
    const sine = Math.abs(Math.sin(Math.PI * math_remainder(x, 1)));
    return Math.log(Math.PI / (sine * Math.abs(x))) - math_lgamma(-x);
  }
  if (x >= 15) return checked(stirling(x), x);
  if (x < 0.5) return lgamma_of_two_and(x) - Math.log1p(x) - Math.log(x);
  if (x <= 1.5) return lgamma_of_two_and(x - 1) - Math.log1p(x - 1);
  const [product, rest] = brought_near_two(x);
  return Math.log(product) + lgamma_of_two_and(rest);
}
function lgamma_of_two_and(w) {
  return 0.42278433509846714 * w + w * w * polynomial(ZETA, w);
}
// For x above 1.5: (x - 1)(x - 2)..., down to a number next to 2, and that less 2.
function brought_near_two(x) {
  let product = 1;
  let y = x;
  while (y > 2.5) {
    y -= 1;
    product *= y;
  }
  return [product, y - 2];
}
function stirling(x) {
  const z = 1 / (x * x);
  return math_fsum([(x - 0.5) * Math.log(x), -x, 0.9189385332046727, polynomial(STIRLING, z) / x]);
}
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
// (-1)**k (zeta(k) - 1) / k, from k = 2 on.
const ZETA = [
  0.3224670334241132, -0.0673523010531981, 0.020580808427784546, -0.007385551028673986,
  0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425, -0.00022315475845357939,
  9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05, -9.439488275268397e-06,
  4.374866789907488e-06, -2.039215753801366e-06, 9.55141213040742e-07, -4.492469198764566e-07,
  2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08, -2.2711094608943164e-08,
  1.0838659214896955e-08, -5.183475041970047e-09, 2.4836745438024785e-09, -1.1921401405860912e-09,
  5.731367241678862e-10, -2.7595228851242334e-10, 1.330476437424449e-10, -6.4229645638381e-11,
  3.1044247747322276e-11, -1.5021384080754142e-11,
];
function math_gamma(x) {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x === -Infinity || (x <= 0 && Number.isInteger(x))) throw new Raised("ValueError");
  if (x > 0 && x < 24 && Number.isInteger(x)) return math_factorial(x - 1);
  if (x > 172) throw new Raised("OverflowError");
  if (x < -184) return Math.floor(x) % 2 === 0 ? 0 : -0;
  if (Math.abs(x) < 1e-20) return checked(1 / x, x);
  if (x < 0) {
    const rest = math_remainder(x, 1);
    const sine = Math.sin(Math.PI * rest) * ((x - rest) % 2 === 0 ? 1 : -1);
    // Of -x, which is exact, as 1 - x is not.
    const [root, other] = x > -15 ? [1, gamma_above(-x)] : gamma_factors(-x);
    return checked(Math.PI / (sine * -x * other) / root, x);
  }
  return checked(gamma_above(x), x);
}
function gamma_above(x) {
  if (x < 1.5) return gamma_above(x + 1) / x;
  if (x < 15) {
    const [product, rest] = brought_near_two(x);
    return product * Math.exp(lgamma_of_two_and(rest));
  }
  const [root, other] = gamma_factors(x);
  return root * other;
}
// Two factors of gamma, neither of which overflows before its time.
function gamma_factors(x) {
  const tail = Math.exp(polynomial(STIRLING, 1 / (x * x)) / x);
  const root = x ** (x / 2 - 0.25);
  return [root, root * (Math.exp(-x) * 2.5066282746310002 * tail)];
}
