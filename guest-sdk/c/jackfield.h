// Jackfield plugins in C, and through it in C++ and Zig.
//
// Ownership, in three sentences. Every column, batch, view and text that a function here gives lives until the call that
// made it returns (open, bind, process, read, ...), and is then released by the SDK; nothing is freed by hand. To keep a
// batch, a column or a text beyond the call take jf_keep_batch, jf_keep_column or jf_keep_text, and give it back with
// jf_drop_batch, jf_drop_column or free. The state of an instance is zeroed before it is opened, and freed after `close`.
//
// Failures, in two. A function that cannot do what it is asked notes a failure and gives NULL or 0; functions that are
// handed such a NULL do nothing, so a call may run on to its end and then fails as a whole. Look with jf_failed() where
// going on would be wasteful.
#ifndef JACKFIELD_H
#define JACKFIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- values, columns, batches ----

typedef struct jf_column_data *jf_column; // NULL: a failure was noted
typedef struct jf_batch_data *jf_batch;

typedef enum jf_value_kind { JF_NULL, JF_BOOL, JF_INT, JF_FLOAT, JF_TEXT, JF_COLUMN } jf_value_kind;
// An operand: a column, or a value for every row.
typedef struct jf_value {
  jf_value_kind kind;
  union {
    bool boolean;
    int64_t integer;
    double number;
    const char *text;
    jf_column column;
  } as;
} jf_value;

static inline jf_value jf_null(void) { jf_value v; v.kind = JF_NULL; v.as.integer = 0; return v; }
static inline jf_value jf_bool(bool b) { jf_value v; v.kind = JF_BOOL; v.as.boolean = b; return v; }
static inline jf_value jf_int(int64_t i) { jf_value v; v.kind = JF_INT; v.as.integer = i; return v; }
static inline jf_value jf_float(double d) { jf_value v; v.kind = JF_FLOAT; v.as.number = d; return v; }
static inline jf_value jf_text(const char *t) { jf_value v; v.kind = JF_TEXT; v.as.text = t; return v; }
static inline jf_value jf_col(jf_column c) { jf_value v; v.kind = JF_COLUMN; v.as.column = c; return v; }

// ---- kernels: loops that run natively in the host, over whole columns ----
// Nulls follow SQL. A row that fails by itself (overflow, division by zero) fails the call with that row's number.

jf_column jf_kernel(const char *function, const jf_value *arguments, size_t count, const char *options);
static inline jf_column jf_kernel1(const char *function, jf_column a) {
  jf_value one = jf_col(a);
  return jf_kernel(function, &one, 1, "");
}
static inline jf_column jf_kernel2(const char *function, jf_column a, jf_value b) {
  jf_value two[2];
  two[0] = jf_col(a);
  two[1] = b;
  return jf_kernel(function, two, 2, "");
}
static inline jf_column jf_eq(jf_column a, jf_value b) { return jf_kernel2("equal", a, b); }
static inline jf_column jf_ne(jf_column a, jf_value b) { return jf_kernel2("not_equal", a, b); }
static inline jf_column jf_lt(jf_column a, jf_value b) { return jf_kernel2("less", a, b); }
static inline jf_column jf_le(jf_column a, jf_value b) { return jf_kernel2("less_equal", a, b); }
static inline jf_column jf_gt(jf_column a, jf_value b) { return jf_kernel2("greater", a, b); }
static inline jf_column jf_ge(jf_column a, jf_value b) { return jf_kernel2("greater_equal", a, b); }
static inline jf_column jf_and(jf_column a, jf_value b) { return jf_kernel2("and_kleene", a, b); }
static inline jf_column jf_or(jf_column a, jf_value b) { return jf_kernel2("or_kleene", a, b); }
static inline jf_column jf_add(jf_column a, jf_value b) { return jf_kernel2("add_checked", a, b); }
static inline jf_column jf_sub(jf_column a, jf_value b) { return jf_kernel2("subtract_checked", a, b); }
static inline jf_column jf_mul(jf_column a, jf_value b) { return jf_kernel2("multiply_checked", a, b); }
static inline jf_column jf_div(jf_column a, jf_value b) { return jf_kernel2("divide_checked", a, b); }
static inline jf_column jf_rem(jf_column a, jf_value b) { return jf_kernel2("remainder_checked", a, b); }
static inline jf_column jf_coalesce(jf_column a, jf_value b) { return jf_kernel2("coalesce", a, b); }
static inline jf_column jf_starts_with(jf_column a, jf_value b) { return jf_kernel2("starts_with", a, b); }
static inline jf_column jf_ends_with(jf_column a, jf_value b) { return jf_kernel2("ends_with", a, b); }
static inline jf_column jf_not(jf_column a) { return jf_kernel1("invert", a); }
static inline jf_column jf_is_null(jf_column a) { return jf_kernel1("is_null", a); }
static inline jf_column jf_is_valid(jf_column a) { return jf_kernel1("is_valid", a); }
static inline jf_column jf_negate(jf_column a) { return jf_kernel1("negate_checked", a); }
static inline jf_column jf_abs(jf_column a) { return jf_kernel1("abs_checked", a); }
static inline jf_column jf_lower(jf_column a) { return jf_kernel1("utf8_lower", a); }
static inline jf_column jf_upper(jf_column a) { return jf_kernel1("utf8_upper", a); }
static inline jf_column jf_trim(jf_column a) { return jf_kernel1("utf8_trim_whitespace", a); }
static inline jf_column jf_text_length(jf_column a) { return jf_kernel1("utf8_length", a); }
jf_column jf_cast(jf_column column, const char *type);     // "int64", "timestamp[UTC]"; a value that does not convert fails
jf_column jf_try_cast(jf_column column, const char *type); // it becomes null
// A whole column as one value: "sum", "min", "max", "mean", "count", "first", "last". Texts live until the call returns.
jf_value jf_reduce(const char *function, jf_column column);

// ---- batches ----

uint32_t jf_rows(jf_batch batch);
jf_column jf_column_of(jf_batch batch, const char *name);
uint32_t jf_length(jf_column column);
const char *jf_type(jf_column column); // "int64", "utf8", ..., "other" for what has children
jf_batch jf_filter(jf_batch batch, jf_column mask);
jf_batch jf_take(jf_batch batch, jf_column rows);
jf_batch jf_slice(jf_batch batch, uint32_t offset, uint32_t length);
jf_batch jf_concat(const jf_batch *parts, size_t count);
jf_batch jf_keep_batch(jf_batch batch);
void jf_drop_batch(jf_batch batch);
jf_column jf_keep_column(jf_column column);
void jf_drop_column(jf_column column);
char *jf_keep_text(const char *text);

// ---- raw columns, for loops of your own ----

// Arrow's layout. `values` is not copied from what the host handed over; bit i of `validity` is 1 where row i is not null
// (NULL: none is null); texts and binaries lie in `values` from offsets[i] to offsets[i + 1].
typedef struct jf_view {
  uint32_t length;
  uint32_t null_count;
  const uint8_t *validity;
  const int32_t *offsets;
  const int64_t *large_offsets; // of large_utf8 and large_binary, where `offsets` is NULL
  const void *values;
  size_t value_bytes;
} jf_view;
jf_view jf_view_of(jf_column column); // length 0 behind a failure
static inline bool jf_valid(const jf_view *view, uint32_t row) {
  return view->validity == NULL || (view->validity[row / 8] >> (row % 8) & 1) != 0;
}
static inline const char *jf_text_at(const jf_view *view, uint32_t row, size_t *length) {
  int64_t from = view->offsets ? view->offsets[row] : view->large_offsets[row];
  int64_t to = view->offsets ? view->offsets[row + 1] : view->large_offsets[row + 1];
  *length = (size_t)(to - from);
  return (const char *)view->values + from;
}

// Makes a column of one of bool, int8 ... uint64, float32, float64, utf8, binary, date, timestamp, row by row.
typedef struct jf_builder jf_builder;
jf_builder *jf_build(const char *type, uint32_t expected_rows);
void jf_add_null(jf_builder *builder);
void jf_add_bool(jf_builder *builder, bool value);
void jf_add_int(jf_builder *builder, int64_t value); // any integer type, date and timestamp
void jf_add_float(jf_builder *builder, double value);
void jf_add_bytes(jf_builder *builder, const void *bytes, size_t length); // utf8 and binary
jf_column jf_finish(jf_builder *builder);

// ---- failures and log ----

typedef enum jf_kind {
  JF_INVALID_INPUT, JF_INVALID_CONFIG, JF_DENIED, JF_LIMIT, JF_UNAVAILABLE, JF_CANCELLED, JF_INTERNAL, JF_OTHER
} jf_kind;
// Notes a failure: `code` is kebab-case and stable, the message is lower case without a full stop. Several may be noted.
void jf_fail(jf_kind kind, const char *code, const char *message, ...) __attribute__((format(printf, 3, 4)));
// More about the failure that was noted last.
void jf_fail_row(uint64_t row);
void jf_fail_column(const char *column);
void jf_fail_parameter(const char *pointer); // such as "/column"
void jf_fail_offset(uint32_t offset);
void jf_fail_help(const char *help, ...) __attribute__((format(printf, 1, 2)));
bool jf_failed(void);

typedef enum jf_level { JF_TRACE, JF_DEBUG, JF_INFO, JF_WARN, JF_ERROR } jf_level;
void jf_log(jf_level level, const char *message, ...) __attribute__((format(printf, 2, 3)));

// Memory and text that live until the call returns.
void *jf_scratch(size_t bytes);
char *jf_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- parameters and options: a JSON object, which was checked against the manifest's schema ----

typedef struct jf_params { const char *json; } jf_params;
bool jf_has(jf_params params, const char *key);
const char *jf_param_text(jf_params params, const char *key, const char *otherwise);
int64_t jf_param_int(jf_params params, const char *key, int64_t otherwise);
double jf_param_float(jf_params params, const char *key, double otherwise);
bool jf_param_bool(jf_params params, const char *key, bool otherwise);
size_t jf_param_count(jf_params params, const char *key); // of a list
const char *jf_param_text_at(jf_params params, const char *key, size_t index);
const char *jf_param_key_at(jf_params params, const char *key, size_t index); // of an object, in order; NULL behind the last

// ---- nodes ----

// The short way. `apply` says what becomes of a batch; it is run once over the types alone, which gives the binding, and
// then over every batch. An error in the first run names the column and its type before any data moves.
typedef struct jf_frame jf_frame;
jf_column jf_frame_column(jf_frame *frame, const char *name);
void jf_frame_filter(jf_frame *frame, jf_column mask);                        // at most once
void jf_frame_set(jf_frame *frame, const char *name, jf_column column);       // adds, or replaces in its place

// The long way: what comes out is said in `bind`, and every batch is answered with a step.
typedef struct jf_binding jf_binding;
size_t jf_inputs(jf_binding *binding);
const char *jf_input_name(jf_binding *binding, size_t input);
size_t jf_input_columns(jf_binding *binding, size_t input);
const char *jf_input_column(jf_binding *binding, size_t input, size_t column);
const char *jf_input_type(jf_binding *binding, size_t input, size_t column);
// The column's number, or a failure `unknown-column` with the parameter's JSON pointer (NULL: none), and SIZE_MAX.
size_t jf_expect_column(jf_binding *binding, size_t input, const char *name, const char *parameter);
void jf_output(jf_binding *binding, const char *port);                        // begins an output port
void jf_output_pass(jf_binding *binding, size_t input, size_t column, const char *name); // name NULL: its own
void jf_output_pass_all(jf_binding *binding, size_t input);
void jf_output_made(jf_binding *binding, const char *name, const char *type, bool nullable);
// All columns of the first input by the port "out", and one that is made: in the place of one of its name, else last.
void jf_output_with(jf_binding *binding, const char *name, const char *type);
void jf_output_unknown(jf_binding *binding);                                  // columns are known with the first batch
void jf_needs(jf_binding *binding, size_t input, const char *column);         // without any, an input is needed whole
void jf_needs_nothing(jf_binding *binding, size_t input);
void jf_drain_first(jf_binding *binding, const char *port);
void jf_row_wise(jf_binding *binding);                                        // each row's fate depends on it alone
void jf_keeps_rows(jf_binding *binding);                                      // every row leaves by the first port

typedef struct jf_step jf_step;
// The rows where `mask` is true (NULL: all), with the columns that the binding calls made. Only in `process`.
void jf_change(jf_step *step, const char *port, jf_column mask, const jf_column *made, size_t count);
void jf_emit(jf_step *step, const char *port, jf_batch batch);
// Rows that leave by the pipeline's error policy; the reason is the failure noted last, which is taken back.
void jf_reject(jf_step *step, jf_column rows);
void jf_more(jf_step *step);
void jf_done(jf_step *step);

typedef struct jf_node {
  const char *type;
  size_t state_size;
  void (*open)(void *state, jf_params params);
  void (*apply)(void *state, jf_frame *frame);   // the short way, or
  void (*bind)(void *state, jf_binding *binding); // the long one
  void (*process)(void *state, jf_step *step, const char *port, jf_batch batch);
  void (*resume)(void *state, jf_step *step);
  void (*finish)(void *state, jf_step *step, const char *port);
  void (*close)(void *state);
} jf_node;

// A batch of whole columns: names and columns in order, all of `rows` rows.
jf_batch jf_batch_of(const char *const *names, const jf_column *columns, size_t count, uint32_t rows);

// Group-by and join in the host. They live until they are freed, or until the instance ends.
typedef struct jf_grouper jf_grouper;
jf_grouper *jf_grouper_new(const char *const *types, size_t count);
jf_column jf_grouper_assign(jf_grouper *grouper, const jf_column *keys, size_t count); // uint32, a number for each row
uint32_t jf_grouper_count(jf_grouper *grouper);
size_t jf_grouper_keys(jf_grouper *grouper, jf_column *keys, size_t most);
void jf_grouper_free(jf_grouper *grouper);
typedef struct jf_accumulator jf_accumulator;
jf_accumulator *jf_accumulator_new(const char *function, const char *type);
void jf_accumulator_update(jf_accumulator *accumulator, jf_column values, jf_column groups, uint32_t group_count);
jf_column jf_accumulator_finish(jf_accumulator *accumulator);
void jf_accumulator_free(jf_accumulator *accumulator);
typedef enum jf_join { JF_INNER, JF_OUTER, JF_SEMI, JF_ANTI } jf_join;
typedef struct jf_joiner jf_joiner;
jf_joiner *jf_joiner_new(const char *const *types, size_t count);
void jf_joiner_build(jf_joiner *joiner, const jf_column *keys, size_t count);
// Pairs of row numbers, a piece at a time, until it gives false.
typedef struct jf_matches jf_matches;
jf_matches *jf_joiner_probe(jf_joiner *joiner, const jf_column *keys, size_t count, jf_join kind);
bool jf_matches_next(jf_matches *matches, uint32_t most, jf_column *probe, jf_column *build);
void jf_joiner_free(jf_joiner *joiner);

// ---- streams, codecs, formats ----

typedef struct jf_source jf_source;
typedef struct jf_sink jf_sink;
size_t jf_read(jf_source *source, void *bytes, size_t most); // 0: the end, or a failure
void jf_write(jf_sink *sink, const void *bytes, size_t length);
void jf_flush(jf_sink *sink);
uint64_t jf_position(jf_sink *sink); // bytes that were there before: an appended file needs no second header

typedef struct jf_codec {
  const char *id;
  size_t decoder_size; // of the state
  void (*decoder_open)(void *state, jf_params options);
  size_t (*decoder_read)(void *state, jf_source *input, uint8_t *bytes, size_t most); // at least 64; 0: the end
  void (*decoder_close)(void *state);
  size_t encoder_size;
  void (*encoder_open)(void *state, jf_params options);
  void (*encoder_write)(void *state, jf_sink *output, const uint8_t *bytes, size_t length);
  void (*encoder_finish)(void *state, jf_sink *output);
  void (*encoder_close)(void *state);
} jf_codec;

typedef struct jf_schema jf_schema; // being written, by a reader; or what a writer is given
void jf_schema_add(jf_schema *schema, const char *name, const char *type);
size_t jf_schema_count(const jf_schema *schema);
const char *jf_schema_name(const jf_schema *schema, size_t column);
const char *jf_schema_type(const jf_schema *schema, size_t column);

typedef struct jf_demand {
  const char *const *columns; // NULL: all
  size_t column_count;
  bool has_limit;
  uint64_t limit; // of rows, where no predicate was asked for
  uint32_t batch_rows;
} jf_demand;
typedef struct jf_chunk jf_chunk;
void jf_chunk_rows(jf_chunk *chunk, jf_batch batch, uint64_t first_row);
// A line that is no row; the reason is the failure noted last, which is taken back.
void jf_chunk_bad(jf_chunk *chunk, uint64_t line, const void *raw, size_t length);

typedef struct jf_format {
  const char *id;
  uint8_t (*detect)(const char *name, const uint8_t *head, size_t length); // 0 to 100; name may be NULL
  size_t reader_size;
  void (*reader_open)(void *state, jf_params options, jf_source *input, const jf_demand *demand);
  // Opened for the schema, `options` may hold some columns' types under `schema`; opened to read, all columns, in order.
  void (*reader_schema)(void *state, jf_source *input, jf_schema *schema);
  bool (*reader_next)(void *state, jf_source *input, const jf_demand *demand, jf_chunk *chunk); // false: the end
  void (*reader_close)(void *state);
  size_t writer_size;
  void (*writer_open)(void *state, jf_params options, const jf_schema *schema, jf_sink *output);
  void (*writer_write)(void *state, jf_sink *output, jf_batch batch);
  void (*writer_finish)(void *state, jf_sink *output);
  void (*writer_close)(void *state);
} jf_format;

// What the plugin provides, each list ended by NULL. Define those of the kinds that plugin.toml names.
extern const jf_node *const jf_nodes[];
extern const jf_codec *const jf_codecs[];
extern const jf_format *const jf_formats[];

#ifdef __cplusplus
}
#endif
#endif
