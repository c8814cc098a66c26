// The random numbers of Python's `random.Random(seed)`, of a seed that is a whole number: MT19937,
// and what CPython makes of its words. The same bits; of `gauss` the same but for those of `Math`.
// Source: Matsumoto and Nishimura (1998), Mersenne twister: a 623-dimensionally equidistributed
//         uniform pseudo-random number generator; CPython's Modules/_randommodule.c, Lib/random.py.

const WORDS = 624; // of the state
const SHIFT = 397;
const HIGHEST_BIT = 0x80000000;

// The absolute value of a seed in words of 32 bits, the lowest first.
function keyOf(seed) {
  const size = Math.abs(seed);
  const high = Math.floor(size / 2 ** 32);
  return high ? [size >>> 0, high] : [size >>> 0];
}

class PythonRandom {
  constructor(seed = 0) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed is a whole number, not ${seed}`);
    this.state = new Uint32Array(WORDS);
    this.seedByNumber(19650218);
    this.mixIn(keyOf(seed));
    this.next = WORDS; // the state is used up
    this.secondGauss = null; // they are made in pairs
  }

  // init_genrand of the reference.
  seedByNumber(number) {
    const { state } = this;
    state[0] = number;
    for (let i = 1; i < WORDS; i++) state[i] = this.mixed(i, 1812433253) + i;
  }

  // A word made of the one before it.
  mixed(i, factor) {
    const before = this.state[i - 1];
    return Math.imul(before ^ (before >>> 30), factor);
  }

  // init_by_array of the reference.
  mixIn(key) {
    const { state } = this;
    let i = 1;
    const onwards = () => {
      i += 1;
      if (i < WORDS) return;
      state[0] = state[WORDS - 1];
      i = 1;
    };
    for (let k = 0; k < Math.max(WORDS, key.length); k++) {
      const j = k % key.length;
      state[i] = (state[i] ^ this.mixed(i, 1664525)) + key[j] + j;
      onwards();
    }
    for (let k = 1; k < WORDS; k++) {
      state[i] = (state[i] ^ this.mixed(i, 1566083941)) - i;
      onwards();
    }
    state[0] = HIGHEST_BIT;
  }

  // The next state, in place.
  twist() {
    const { state } = this;
    for (let k = 0; k < WORDS; k++) {
      const joined = (state[k] & HIGHEST_BIT) | (state[(k + 1) % WORDS] & ~HIGHEST_BIT);
      state[k] = state[(k + SHIFT) % WORDS] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }

  // 32 random bits.
  word() {
    if (this.next === WORDS) this.twist();
    let bits = this.state[this.next++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  }

  // A number of [0, 1) with 53 random bits.
  random() {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  // A whole number of so many random bits, at most 53, which a number of JavaScript holds.
  getrandbits(count) {
    if (count <= 32) return this.word() >>> (32 - count);
    const low = this.word();
    return (this.word() >>> (64 - count)) * 2 ** 32 + low;
  }

  // _randbelow: a whole number of [0, n).
  below(n) {
    const count = n.toString(2).length;
    let found = this.getrandbits(count);
    while (found >= n) found = this.getrandbits(count);
    return found;
  }

  // k different members of a list, in the order in which they are drawn.
  sample(population, k) {
    const n = population.length;
    // CPython's way to tell whether a list or a set takes less memory: they draw in different ways.
    const ofSet = 21 + (k > 5 ? 4 ** Math.ceil(Math.log(k * 3) / Math.log(4)) : 0);
    return n <= ofSet ? this.fromPool([...population], k) : this.notTwice(population, k);
  }

  fromPool(pool, k) {
    return Array.from({ length: k }, (_, i) => {
      const j = this.below(pool.length - i);
      const found = pool[j];
      pool[j] = pool[pool.length - i - 1]; // what was not drawn moves into the gap
      return found;
    });
  }

  notTwice(population, k) {
    const chosen = new Set();
    while (chosen.size < k) chosen.add(this.below(population.length));
    return [...chosen].map((j) => population[j]);
  }

  // Bring a list into random order, in place.
  shuffle(xs) {
    for (let i = xs.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [xs[i], xs[j]] = [xs[j], xs[i]];
    }
  }

  uniform(low, high) {
    return low + (high - low) * this.random();
  }

  gauss(mean = 0, deviation = 1) {
    let found = this.secondGauss;
    this.secondGauss = null;
    if (found === null) {
      const angle = this.random() * 2 * Math.PI;
      const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
      found = Math.cos(angle) * radius;
      this.secondGauss = Math.sin(angle) * radius;
    }
    return mean + found * deviation;
  }
}
