// Unit tests on your own machine: compile sdk/jackfield.c and your sources with
// any C compiler, and use this header. Columns and streams are plain memory;
// kernels, group-by and joins need the host and fail with the code no-host: test them with `jackfield plugin test`.
#ifndef JACKFIELD_NATIVE_H
#define JACKFIELD_NATIVE_H

#include "jackfield.h"

#ifdef __cplusplus
extern "C" {
#endif

// Begins and ends what would be a call of the host: columns, views and texts live in between, and failures are kept.
void jf_test_begin(void);
void jf_test_end(void);
// The code of the first failure, or NULL.
const char *jf_test_code(void);

// Decodes or encodes; the bytes are malloc's. NULL behind a failure. The input comes in pieces of at most `piece` bytes.
uint8_t *jf_test_decode(const jf_codec *codec, const char *options, const void *bytes, size_t length, size_t piece, size_t *made);
uint8_t *jf_test_encode(const jf_codec *codec, const char *options, const void *bytes, size_t length, size_t piece, size_t *made);

// What `process` of a node in the long way answers to a batch: the columns that it made, at most `most`.
size_t jf_test_process(const jf_node *node, const char *params, jf_batch batch, jf_column *made, size_t most);

#ifdef __cplusplus
}
#endif
#endif
