// The whole SDK as one file to compile: `plugin build` does it with -DJACKFIELD_NODE, -DJACKFIELD_CODEC, -DJACKFIELD_FORMAT
// for what plugin.toml provides, and unit tests on your own machine, with jackfield_native.h.
#include "jackfield_core.c"
#include "jackfield_params.c"
#ifdef __wasm__
#include "jackfield_wasm.c"
#include "jackfield_node.c"
#include "jackfield_streams.c"
#else
#include "jackfield_native.c"
#endif
