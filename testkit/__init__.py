"""What tests and benchmarks share, so that neither imports the other. It is not installed.

- What results are compared with: `floats`, `high_precision`, `closed_forms`, `complex_step`,
  `slope_errors`, `elementary_polynomials`.
- What is tried: `points`, `random_graphs`, `mistakes`, `bad_inputs`.
- What is done to the engine, and what it costs: `interrupts`, `hash_seeds`, `costs`, `processes`.
- What is looked at: `pictures`.
"""
