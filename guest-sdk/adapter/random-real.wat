;; The host's random numbers.
(import "wasi:random/random@0.2.0" "get-random-u64" (func $next_random (result i64)))
