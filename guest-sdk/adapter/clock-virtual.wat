;; A clock that nothing outside moves: a microsecond at each look, and what a plugin waits for.
(global $now (mut i64) (i64.const 1000000000))

(func $pass (param $time i64) (param $absolute i32)
  (if (local.get $absolute)
    (then (if (i64.gt_u (local.get $time) (global.get $now)) (then (global.set $now (local.get $time)))))
    (else (global.set $now (i64.add (global.get $now) (local.get $time))))))

(func (export "clock_time_get") (param i32 i64) (param $out i32) (result i32)
  (global.set $now (i64.add (global.get $now) (i64.const 1000)))
  (i64.store (local.get $out) (global.get $now))
  (i32.const 0))

(func (export "clock_res_get") (param i32) (param $out i32) (result i32)
  (i64.store (local.get $out) (i64.const 1000))
  (i32.const 0))

(func (export "adapter_monotonic_clock_set_paused") (param i32))
