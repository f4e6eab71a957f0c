;; The same bytes in every instance, by xorshift64*.
(global $random (mut i64) (i64.const 0x9e3779b97f4a7c15))

(func $next_random (result i64)
  (local $x i64)
  (local.set $x (global.get $random))
  (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 12))))
  (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 25))))
  (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 27))))
  (global.set $random (local.get $x))
  (i64.mul (local.get $x) (i64.const 0x2545f4914f6cdd1d)))
