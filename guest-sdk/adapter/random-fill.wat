(func (export "random_get") (param $at i32) (param $length i32) (result i32)
  (local $bits i64) (local $left i32)
  (block $done
    (loop $more
      (br_if $done (i32.eqz (local.get $length)))
      (if (i32.eqz (local.get $left))
        (then (local.set $bits (call $next_random)) (local.set $left (i32.const 8))))
      (i64.store8 (local.get $at) (local.get $bits))
      (local.set $bits (i64.shr_u (local.get $bits) (i64.const 8)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (br $more)))
  (i32.const 0))
