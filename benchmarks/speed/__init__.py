"""How fast the engines are, beside others; `compiled` compares the compiler, `eager` the engine."""
