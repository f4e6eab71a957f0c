// Between the SDK's portable half (jackfield.c) and what stands for the host: jackfield_wasm.c in a component,
// jackfield_native.c in unit tests on your own machine. Not for plugins.
#ifndef JACKFIELD_HOST_H
#define JACKFIELD_HOST_H

#include "jackfield.h"

// A column is a handle in the host, or, while `apply` runs over types, nothing but a type.
struct jf_column_data {
  struct jf_column_data *next; // in the list of the call that made it
  int32_t handle;
  bool planned;
  const char *type;
  void *tree;                  // of a planned column: the host's own description of its type
};
struct jf_batch_data {
  struct jf_batch_data *next;
  int32_t handle;
  bool borrowed; // the host takes it back itself
  const char *const *names; // of its columns, as long as the call or the instance lives; NULL: not asked for yet
  size_t name_count;
};

typedef struct jf_failure {
  jf_kind kind;
  const char *code, *message, *column, *parameter, *help;
  bool has_row, has_offset;
  uint64_t row;
  uint32_t offset;
} jf_failure;

// One level of a column as it was built.
typedef struct jf_built {
  uint32_t length, null_count;
  const uint8_t *validity; // NULL: no nulls
  size_t validity_bytes;
  const int32_t *offsets;
  size_t offset_bytes;
  const void *values;
  size_t value_bytes;
} jf_built;

// What the portable half offers.
jf_column jf_new_column(int32_t handle);
jf_column jf_new_planned(void *tree, const char *type);
jf_batch jf_new_batch(int32_t handle, bool borrowed);
void jf_adopt(void *memory); // malloc's: freed when the call ends
void jf_add_failure(const jf_failure *failure);
size_t jf_failures(const jf_failure **failures);
bool jf_take_failure(jf_failure *failure); // the last one
// Around each call from the host: what the call made is released by `jf_end`.
void jf_begin(void);
void jf_end(void);

// What the host's half offers. Each notes its failures.
void jf_host_log(jf_level level, const char *text);
int32_t jf_host_kernel(const char *function, const jf_value *arguments, size_t count, const char *options);
jf_column jf_host_plan(const char *function, const jf_value *arguments, size_t count, const char *options);
jf_value jf_host_reduce(const char *function, jf_column column);
uint32_t jf_host_length(int32_t column);
const char *jf_host_type(jf_column column);
jf_view jf_host_view(int32_t column);
int32_t jf_host_create(const char *type, const jf_built *built);
void jf_host_drop_column(int32_t column);
void jf_host_drop_tree(void *tree);
int32_t jf_host_share_column(int32_t column);
uint32_t jf_host_rows(jf_batch batch);
int32_t jf_host_column_of(jf_batch batch, const char *name);
int32_t jf_host_filter(jf_batch batch, int32_t mask);
int32_t jf_host_take(jf_batch batch, int32_t rows);
int32_t jf_host_slice(jf_batch batch, uint32_t offset, uint32_t length);
int32_t jf_host_concat(const jf_batch *parts, size_t count);
int32_t jf_host_batch_of(const char *const *names, const jf_column *columns, size_t count, uint32_t rows);
int32_t jf_host_share_batch(jf_batch batch);
void jf_host_drop_batch(int32_t batch);

#endif
