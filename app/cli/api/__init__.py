"""The verbs over the HTTP API, from any machine that `jit login` or `JIT_TOKEN` let in."""
