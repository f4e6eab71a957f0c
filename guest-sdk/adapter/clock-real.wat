;; The host's clocks, as far as they were granted. While the plugin allocates for the host it may call nothing, so both
;; repeat what they said last.
(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $monotonic (result i64)))
(import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
(global $paused (mut i32) (i32.const 0))
(global $last_monotonic (mut i64) (i64.const 0))
(global $last_wall (mut i64) (i64.const 0))

;; Nobody can wait: the host stops what takes too long, and time goes by itself.
(func $pass (param i64 i32))

;; The host writes seconds and nanoseconds into the plugin's memory: 16 bytes of it are borrowed, and put back.
(func $read_wall (result i64)
  (local $a i64) (local $b i64) (local $time i64)
  (local.set $a (i64.load (i32.const 64)))
  (local.set $b (i64.load (i32.const 72)))
  (call $wall (i32.const 64))
  (local.set $time
    (i64.add (i64.mul (i64.load (i32.const 64)) (i64.const 1000000000)) (i64.load32_u (i32.const 72))))
  (i64.store (i32.const 64) (local.get $a))
  (i64.store (i32.const 72) (local.get $b))
  (local.get $time))

(func (export "clock_time_get") (param $clock i32) (param i64) (param $out i32) (result i32)
  (if (i32.eqz (local.get $clock))
    (then
      (if (i32.eqz (global.get $paused)) (then (global.set $last_wall (call $read_wall))))
      (i64.store (local.get $out) (global.get $last_wall)))
    (else
      (if (i32.eqz (global.get $paused)) (then (global.set $last_monotonic (call $monotonic))))
      (i64.store (local.get $out) (global.get $last_monotonic))))
  (i32.const 0))

(func (export "clock_res_get") (param i32) (param $out i32) (result i32)
  (i64.store (local.get $out) (i64.const 1000))
  (i32.const 0))

(func (export "adapter_monotonic_clock_set_paused") (param $paused i32)
  (global.set $paused (local.get $paused)))
