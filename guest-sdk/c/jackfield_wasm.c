// The host as a component sees it: what the SDK's portable half asks for, over the generated bindings.
#ifdef __wasm__
#include "jackfield_wasm.h"

#include <stdlib.h>
#include <string.h>

// ---- texts and failures between here and there ----

void *jf_need(size_t bytes) {
  void *made = calloc(1, bytes > 0 ? bytes : 1);
  if (made == NULL) abort();
  return made;
}

bindings_string_t jf_given(const char *text) {
  bindings_string_t given = {NULL, text ? strlen(text) : 0};
  given.ptr = jf_need(given.len);
  if (given.len > 0) memcpy(given.ptr, text, given.len);
  return given;
}

// For a call into the host, which only reads.
bindings_string_t jf_lent(const char *text) {
  bindings_string_t lent = {(uint8_t *)text, strlen(text)};
  return lent;
}

const char *jf_scratch_text(const bindings_string_t *text) {
  char *copy = jf_scratch(text->len + 1);
  if (text->len > 0) memcpy(copy, text->ptr, text->len);
  return copy;
}

static bindings_option_string_t optional(const char *text) {
  bindings_option_string_t given = {text != NULL, {NULL, 0}};
  if (text != NULL) given.val = jf_given(text);
  return given;
}

void jf_give_failure(const jf_failure *from, jackfield_plugin_types_failure_t *to) {
  memset(to, 0, sizeof *to);
  to->kind = (uint8_t)from->kind;
  to->code = jf_given(from->code);
  to->message = jf_given(from->message);
  to->row.is_some = from->has_row;
  to->row.val = from->row;
  to->column = optional(from->column);
  to->parameter = optional(from->parameter);
  to->offset.is_some = from->has_offset;
  to->offset.val = from->offset;
  to->help = optional(from->help);
}

void jf_take_host_failure(jackfield_plugin_types_failure_t *from) {
  jf_failure failure = {
      .kind = (jf_kind)from->kind,
      .code = jf_scratch_text(&from->code),
      .message = jf_scratch_text(&from->message),
      .has_row = from->row.is_some,
      .row = from->row.val,
      .column = from->column.is_some ? jf_scratch_text(&from->column.val) : NULL,
      .parameter = from->parameter.is_some ? jf_scratch_text(&from->parameter.val) : NULL,
      .has_offset = from->offset.is_some,
      .offset = from->offset.val,
      .help = from->help.is_some ? jf_scratch_text(&from->help.val) : NULL,
  };
  jackfield_plugin_types_failure_free(from);
  jf_add_failure(&failure);
}

bool jf_give_first_failure(jackfield_plugin_types_failure_t *to) {
  const jf_failure *failures;
  if (jf_failures(&failures) == 0) return false;
  jf_give_failure(&failures[0], to);
  return true;
}

void jf_host_log(jf_level level, const char *text) {
  bindings_string_t message = jf_lent(text);
  bindings_list_tuple2_string_string_t none = {NULL, 0};
  jackfield_plugin_log_write((uint8_t)level, &message, &none);
}

// ---- types ----

typedef jackfield_plugin_types_tree_t tree_t;
typedef jackfield_plugin_types_field_t field_t;

static const struct { const char *name; uint8_t tag; uint8_t unit; bool zone; } known_types[] = {
    {"null", 0, 0, false}, {"bool", 1, 0, false}, {"int8", 2, 0, false}, {"int16", 3, 0, false}, {"int32", 4, 0, false},
    {"int64", 5, 0, false}, {"uint8", 6, 0, false}, {"uint16", 7, 0, false}, {"uint32", 8, 0, false},
    {"uint64", 9, 0, false}, {"float32", 11, 0, false}, {"float64", 12, 0, false}, {"utf8", 15, 0, false},
    {"large_utf8", 16, 0, false}, {"binary", 17, 0, false}, {"large_binary", 18, 0, false}, {"date", 20, 0, false},
    {"time", 23, 2, false}, {"timestamp", 24, 2, false}, {"timestamp[UTC]", 24, 2, true}, {"duration", 25, 2, false}};
#define KNOWN_TYPES (sizeof known_types / sizeof *known_types)

const char *jf_type_name(const jackfield_plugin_types_data_type_t *type) {
  for (size_t i = 0; i < KNOWN_TYPES; i++) {
    if (known_types[i].tag != type->tag) continue;
    if (type->tag == 24) {
      const bindings_option_string_t *zone = &type->val.timestamp.f1;
      if (type->val.timestamp.f0 != 2 || zone->is_some != known_types[i].zone) continue;
      if (zone->is_some && (zone->val.len != 3 || memcmp(zone->val.ptr, "UTC", 3) != 0)) continue;
    }
    if ((type->tag == 23 || type->tag == 25) && type->val.time64 != 2) continue;
    return known_types[i].name;
  }
  return "other";
}

bool jf_give_tree(const char *type, const char *name, bool nullable, tree_t *tree) {
  for (size_t i = 0; i < KNOWN_TYPES; i++) {
    if (strcmp(known_types[i].name, type) != 0) continue;
    tree->len = 1;
    tree->ptr = jf_need(sizeof *tree->ptr);
    tree->ptr[0].name = jf_given(name);
    tree->ptr[0].nullable = nullable;
    tree->ptr[0].data_type.tag = known_types[i].tag;
    if (known_types[i].tag == 24) {
      tree->ptr[0].data_type.val.timestamp.f0 = known_types[i].unit;
      tree->ptr[0].data_type.val.timestamp.f1 = optional(known_types[i].zone ? "UTC" : NULL);
    } else if (known_types[i].unit != 0) {
      tree->ptr[0].data_type.val.time64 = known_types[i].unit;
    }
    return true;
  }
  jf_fail(JF_INTERNAL, "unknown-type", "`%s` is no type that the SDK for C can name", type);
  return false;
}

static void copy_text(bindings_string_t *to, const bindings_string_t *from) {
  to->len = from->len;
  to->ptr = jf_need(from->len);
  if (from->len > 0) memcpy(to->ptr, from->ptr, from->len);
}

static void copy_field(field_t *to, const field_t *from) {
  *to = *from;
  copy_text(&to->name, &from->name);
  if (from->data_type.tag == 24 && from->data_type.val.timestamp.f1.is_some)
    copy_text(&to->data_type.val.timestamp.f1.val, &from->data_type.val.timestamp.f1.val);
  if (from->data_type.tag == 33) copy_text(&to->data_type.val.other, &from->data_type.val.other);
  to->children.ptr = jf_need(from->children.len * sizeof(uint32_t));
  to->metadata.len = 0;
  to->metadata.ptr = NULL;
}

// A field of a list with all below it becomes a tree of its own, whose numbers begin at 0.
static size_t copy_below(const field_t *fields, size_t count, uint32_t at, field_t *out, size_t used) {
  size_t mine = used++;
  copy_field(&out[mine], &fields[at]);
  for (size_t i = 0; i < fields[at].children.len; i++) {
    uint32_t child = fields[at].children.ptr[i];
    if (child >= count) abort();
    out[mine].children.ptr[i] = (uint32_t)used;
    used = copy_below(fields, count, child, out, used);
  }
  return used;
}

static size_t size_below(const field_t *fields, size_t count, uint32_t at) {
  size_t size = 1;
  if (at >= count) abort();
  for (size_t i = 0; i < fields[at].children.len; i++) size += size_below(fields, count, fields[at].children.ptr[i]);
  return size;
}

void jf_give_subtree(const field_t *fields, size_t count, uint32_t at, tree_t *tree) {
  tree->len = size_below(fields, count, at);
  tree->ptr = jf_need(tree->len * sizeof *tree->ptr);
  copy_below(fields, count, at, tree->ptr, 0);
}

void jf_host_drop_tree(void *tree) {
  jackfield_plugin_types_tree_free(tree);
  free(tree);
}

jf_column jf_planned_column(tree_t tree) {
  tree_t *kept = jf_need(sizeof *kept);
  *kept = tree;
  return jf_new_planned(kept, jf_type_name(&tree.ptr[0].data_type));
}

// ---- kernels ----

static jackfield_plugin_types_scalar_t scalar(jf_value value) {
  jackfield_plugin_types_scalar_t made = {.tag = JACKFIELD_PLUGIN_TYPES_SCALAR_NULL};
  switch (value.kind) {
    case JF_BOOL: made.tag = JACKFIELD_PLUGIN_TYPES_SCALAR_BOOLEAN; made.val.boolean = value.as.boolean; break;
    case JF_INT: made.tag = JACKFIELD_PLUGIN_TYPES_SCALAR_INT64; made.val.int64 = value.as.integer; break;
    case JF_FLOAT: made.tag = JACKFIELD_PLUGIN_TYPES_SCALAR_FLOAT64; made.val.float64 = value.as.number; break;
    case JF_TEXT: made.tag = JACKFIELD_PLUGIN_TYPES_SCALAR_TEXT; made.val.text = jf_lent(value.as.text ? value.as.text : ""); break;
    default: break;
  }
  return made;
}

int32_t jf_host_kernel(const char *function, const jf_value *values, size_t count, const char *options) {
  jackfield_plugin_compute_argument_t *made = jf_scratch((count + 1) * sizeof *made);
  for (size_t i = 0; i < count; i++) {
    if (values[i].kind == JF_COLUMN) {
      made[i].tag = JACKFIELD_PLUGIN_COMPUTE_ARGUMENT_COLUMN;
      made[i].val.column.__handle = values[i].as.column->handle;
    } else {
      made[i].tag = JACKFIELD_PLUGIN_COMPUTE_ARGUMENT_SCALAR;
      made[i].val.scalar = scalar(values[i]);
    }
  }
  bindings_string_t name = jf_lent(function), chosen = jf_lent(options);
  jackfield_plugin_compute_list_argument_t arguments = {made, count};
  jackfield_plugin_compute_outcome_t outcome;
  jackfield_plugin_types_failure_t failure;
  if (!jackfield_plugin_compute_call(&name, &arguments, &chosen, NULL, &outcome, &failure)) {
    jf_take_host_failure(&failure);
    return 0;
  }
  if (outcome.failed.is_some) {
    jackfield_plugin_data_column_drop_own(outcome.failed.val);
    jackfield_plugin_data_column_drop_own(outcome.values);
    if (outcome.first.is_some) jf_take_host_failure(&outcome.first.val);
    else jf_fail(JF_INVALID_INPUT, "invalid-value", "%s failed in some rows", function);
    return 0;
  }
  if (outcome.first.is_some) jackfield_plugin_types_failure_free(&outcome.first.val);
  return outcome.values.__handle;
}

// The type of a value, for the run over types.
static void give_scalar_tree(jf_value value, tree_t *tree) {
  static const char *const names[] = {"null", "bool", "int64", "float64", "utf8"};
  jf_give_tree(names[value.kind], "", true, tree);
}

jf_column jf_host_plan(const char *function, const jf_value *values, size_t count, const char *options) {
  tree_t *trees = jf_scratch((count + 1) * sizeof *trees);
  tree_t *made = jf_scratch((count + 1) * sizeof *made);
  for (size_t i = 0; i < count; i++) {
    if (values[i].kind == JF_COLUMN && values[i].as.column->planned) {
      trees[i] = *(tree_t *)values[i].as.column->tree;
    } else if (values[i].kind == JF_COLUMN) {
      jackfield_plugin_data_borrow_column_t column = {values[i].as.column->handle};
      jackfield_plugin_data_method_column_tree(column, &made[i]);
      trees[i] = made[i];
    } else {
      give_scalar_tree(values[i], &made[i]);
      trees[i] = made[i];
    }
  }
  bindings_string_t name = jf_lent(function), chosen = jf_lent(options);
  jackfield_plugin_compute_list_tree_t list = {trees, count};
  tree_t result;
  jackfield_plugin_types_failure_t failure;
  bool planned = jackfield_plugin_compute_result_type(&name, &list, &chosen, &result, &failure);
  for (size_t i = 0; i < count; i++)
    if (made[i].ptr != NULL) jackfield_plugin_types_tree_free(&made[i]);
  if (planned) return jf_planned_column(result);
  jf_take_host_failure(&failure);
  return NULL;
}

jf_value jf_host_reduce(const char *function, jf_column column) {
  bindings_string_t name = jf_lent(function), none = jf_lent("");
  jackfield_plugin_data_borrow_column_t borrowed = {column->handle};
  jackfield_plugin_types_scalar_t made;
  jackfield_plugin_types_failure_t failure;
  if (!jackfield_plugin_compute_reduce(&name, borrowed, &none, &made, &failure)) {
    jf_take_host_failure(&failure);
    return jf_null();
  }
  jf_value value = jf_null();
  switch (made.tag) {
    case JACKFIELD_PLUGIN_TYPES_SCALAR_BOOLEAN: value = jf_bool(made.val.boolean); break;
    case JACKFIELD_PLUGIN_TYPES_SCALAR_INT64: value = jf_int(made.val.int64); break;
    case JACKFIELD_PLUGIN_TYPES_SCALAR_UINT64: value = jf_int((int64_t)made.val.uint64); break;
    case JACKFIELD_PLUGIN_TYPES_SCALAR_FLOAT64: value = jf_float(made.val.float64); break;
    case JACKFIELD_PLUGIN_TYPES_SCALAR_TEXT: value = jf_text(jf_scratch_text(&made.val.text)); break;
    case JACKFIELD_PLUGIN_TYPES_SCALAR_TYPED: value = jf_text(jf_scratch_text(&made.val.typed.f1)); break;
    default: break;
  }
  jackfield_plugin_types_scalar_free(&made);
  return value;
}

// ---- columns ----

uint32_t jf_host_length(int32_t column) {
  jackfield_plugin_data_borrow_column_t borrowed = {column};
  return jackfield_plugin_data_method_column_length(borrowed);
}

const char *jf_host_type(jf_column column) {
  jackfield_plugin_data_borrow_column_t borrowed = {column->handle};
  tree_t tree;
  jackfield_plugin_data_method_column_tree(borrowed, &tree);
  const char *name = tree.len > 0 ? jf_type_name(&tree.ptr[0].data_type) : "other";
  jackfield_plugin_types_tree_free(&tree);
  return name;
}

// The bytes came in memory of their own: the call takes it over as it is.
static const void *adopted(void *bytes) {
  jf_adopt(bytes);
  return bytes;
}

jf_view jf_host_view(int32_t column) {
  jackfield_plugin_data_borrow_column_t borrowed = {column};
  bindings_list_u32_t path = {NULL, 0};
  jackfield_plugin_types_buffers_t made;
  jackfield_plugin_types_failure_t failure;
  jf_view view = {0};
  if (!jackfield_plugin_data_method_column_read(borrowed, &path, &made, &failure)) {
    jf_take_host_failure(&failure);
    return view;
  }
  view.length = made.length;
  view.null_count = made.null_count;
  if (made.validity.is_some) view.validity = adopted(made.validity.val.ptr);
  if (made.offsets.is_some) {
    const void *offsets = adopted(made.offsets.val.ptr);
    if (made.offsets.val.len == ((size_t)made.length + 1) * 4) view.offsets = offsets;
    else view.large_offsets = offsets;
  }
  if (made.values.len > 0) view.values = adopted(made.values.ptr);
  view.value_bytes = made.values.len;
  return view;
}

int32_t jf_host_create(const char *type, const jf_built *built) {
  tree_t tree;
  if (!jf_give_tree(type, "", true, &tree)) return 0;
  // The host only reads, so nothing is copied here.
  jackfield_plugin_types_buffers_t level = {.length = built->length, .null_count = built->null_count};
  level.validity.is_some = built->validity != NULL;
  level.validity.val.ptr = (uint8_t *)built->validity;
  level.validity.val.len = built->validity_bytes;
  level.offsets.is_some = built->offsets != NULL;
  level.offsets.val.ptr = (uint8_t *)built->offsets;
  level.offsets.val.len = built->offset_bytes;
  level.values.ptr = (uint8_t *)built->values;
  level.values.len = built->value_bytes;
  jackfield_plugin_data_list_buffers_t levels = {&level, 1};
  jackfield_plugin_data_own_column_t column;
  jackfield_plugin_types_failure_t failure;
  bool made = jackfield_plugin_data_static_column_create(&tree, &levels, &column, &failure);
  jackfield_plugin_types_tree_free(&tree);
  if (made) return column.__handle;
  jf_take_host_failure(&failure);
  return 0;
}

void jf_host_drop_column(int32_t column) {
  jackfield_plugin_data_own_column_t own = {column};
  jackfield_plugin_data_column_drop_own(own);
}

int32_t jf_host_share_column(int32_t column) {
  jackfield_plugin_data_borrow_column_t borrowed = {column};
  return jackfield_plugin_data_method_column_share(borrowed).__handle;
}

// ---- batches ----

typedef jackfield_plugin_data_borrow_batch_t borrowed_batch;

static borrowed_batch lent_batch(jf_batch batch) {
  borrowed_batch lent = {batch->handle};
  return lent;
}

uint32_t jf_host_rows(jf_batch batch) { return jackfield_plugin_data_method_batch_rows(lent_batch(batch)); }

static void ask_names(jf_batch batch) {
  if (batch->names != NULL) return;
  jackfield_plugin_types_schema_t schema;
  jackfield_plugin_data_method_batch_schema(lent_batch(batch), &schema);
  const char **names = jf_scratch((schema.columns.len + 1) * sizeof *names);
  for (size_t i = 0; i < schema.columns.len; i++) names[i] = jf_scratch_text(&schema.fields.ptr[schema.columns.ptr[i]].name);
  batch->names = names;
  batch->name_count = schema.columns.len;
  jackfield_plugin_types_schema_free(&schema);
}

int32_t jf_host_column_of(jf_batch batch, const char *name) {
  ask_names(batch);
  for (size_t i = 0; i < batch->name_count; i++) {
    if (strcmp(batch->names[i], name) != 0) continue;
    jackfield_plugin_data_own_column_t column;
    jackfield_plugin_types_failure_t failure;
    if (jackfield_plugin_data_method_batch_column(lent_batch(batch), (uint32_t)i, &column, &failure)) return column.__handle;
    jf_take_host_failure(&failure);
    return 0;
  }
  jf_fail(JF_INVALID_CONFIG, "unknown-column", "there is no column `%s`", name);
  jf_fail_column(name);
  return 0;
}

static int32_t settled(bool made, jackfield_plugin_data_own_batch_t batch, jackfield_plugin_types_failure_t *failure) {
  if (made) return batch.__handle;
  jf_take_host_failure(failure);
  return 0;
}

int32_t jf_host_filter(jf_batch batch, int32_t mask) {
  jackfield_plugin_data_borrow_column_t lent = {mask};
  jackfield_plugin_data_own_batch_t made = {0};
  jackfield_plugin_types_failure_t failure;
  return settled(jackfield_plugin_data_method_batch_filter(lent_batch(batch), lent, &made, &failure), made, &failure);
}

int32_t jf_host_take(jf_batch batch, int32_t rows) {
  jackfield_plugin_data_borrow_column_t lent = {rows};
  jackfield_plugin_data_own_batch_t made = {0};
  jackfield_plugin_types_failure_t failure;
  return settled(jackfield_plugin_data_method_batch_take(lent_batch(batch), lent, &made, &failure), made, &failure);
}

int32_t jf_host_slice(jf_batch batch, uint32_t offset, uint32_t length) {
  jackfield_plugin_data_own_batch_t made = {0};
  jackfield_plugin_types_failure_t failure;
  return settled(jackfield_plugin_data_method_batch_slice(lent_batch(batch), offset, length, &made, &failure), made, &failure);
}

int32_t jf_host_concat(const jf_batch *parts, size_t count) {
  borrowed_batch *lent = jf_scratch((count + 1) * sizeof *lent);
  for (size_t i = 0; i < count; i++) lent[i] = lent_batch(parts[i]);
  jackfield_plugin_data_list_borrow_batch_t list = {lent, count};
  jackfield_plugin_data_own_batch_t made = {0};
  jackfield_plugin_types_failure_t failure;
  return settled(jackfield_plugin_data_static_batch_concat(&list, &made, &failure), made, &failure);
}

int32_t jf_host_batch_of(const char *const *names, const jf_column *columns, size_t count, uint32_t rows) {
  size_t fields = 0;
  tree_t *trees = jf_scratch((count + 1) * sizeof *trees);
  jackfield_plugin_data_borrow_column_t *lent = jf_scratch((count + 1) * sizeof *lent);
  for (size_t i = 0; i < count; i++) {
    lent[i].__handle = columns[i]->handle;
    jackfield_plugin_data_method_column_tree(lent[i], &trees[i]);
    fields += trees[i].len;
  }
  jackfield_plugin_types_schema_t schema = {0};
  field_t *all = jf_scratch((fields + 1) * sizeof *all);
  uint32_t *tops = jf_scratch((count + 1) * sizeof *tops);
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    tops[i] = (uint32_t)used;
    for (size_t f = 0; f < trees[i].len; f++) {
      all[used + f] = trees[i].ptr[f];
      for (size_t c = 0; c < all[used + f].children.len; c++) all[used + f].children.ptr[c] += (uint32_t)used;
    }
    all[used].name = jf_lent(names[i]);
    all[used].nullable = true;
    used += trees[i].len;
  }
  schema.fields.ptr = all;
  schema.fields.len = used;
  schema.columns.ptr = tops;
  schema.columns.len = count;
  jackfield_plugin_data_list_borrow_column_t list = {lent, count};
  jackfield_plugin_data_own_batch_t made = {0};
  jackfield_plugin_types_failure_t failure;
  bool done = jackfield_plugin_data_static_batch_of(&schema, rows, &list, &made, &failure);
  for (size_t i = 0; i < count; i++) jackfield_plugin_types_tree_free(&trees[i]);
  return settled(done, made, &failure);
}

int32_t jf_host_share_batch(jf_batch batch) { return jackfield_plugin_data_method_batch_share(lent_batch(batch)).__handle; }

void jf_host_drop_batch(int32_t batch) {
  jackfield_plugin_data_own_batch_t own = {batch};
  jackfield_plugin_data_batch_drop_own(own);
}

// ---- group-by and join ----

struct jf_grouper { jackfield_plugin_compute_own_grouper_t own; };
struct jf_accumulator { jackfield_plugin_compute_own_accumulator_t own; };
struct jf_joiner { jackfield_plugin_compute_own_joiner_t own; };
struct jf_matches { jackfield_plugin_compute_own_matches_t own; bool ended; };

static bool trees_of(const char *const *types, size_t count, jackfield_plugin_compute_list_tree_t *list) {
  list->len = count;
  list->ptr = jf_scratch((count + 1) * sizeof *list->ptr);
  for (size_t i = 0; i < count; i++)
    if (!jf_give_tree(types[i], "", true, &list->ptr[i])) return false;
  return true;
}

static void free_trees(jackfield_plugin_compute_list_tree_t *list) {
  for (size_t i = 0; i < list->len; i++)
    if (list->ptr[i].ptr != NULL) jackfield_plugin_types_tree_free(&list->ptr[i]);
}

static bool lent_columns(const jf_column *columns, size_t count, jackfield_plugin_compute_list_borrow_column_t *list) {
  list->len = count;
  list->ptr = jf_scratch((count + 1) * sizeof *list->ptr);
  for (size_t i = 0; i < count; i++) {
    if (columns[i] == NULL || columns[i]->planned) return false;
    list->ptr[i].__handle = columns[i]->handle;
  }
  return true;
}

jf_grouper *jf_grouper_new(const char *const *types, size_t count) {
  jackfield_plugin_compute_list_tree_t list;
  jf_grouper *made = NULL;
  if (trees_of(types, count, &list)) {
    jackfield_plugin_compute_own_grouper_t own;
    jackfield_plugin_types_failure_t failure;
    if (jackfield_plugin_compute_constructor_grouper(&list, &own, &failure)) {
      made = jf_need(sizeof *made);
      made->own = own;
    } else {
      jf_take_host_failure(&failure);
    }
  }
  free_trees(&list);
  return made;
}

jf_column jf_grouper_assign(jf_grouper *grouper, const jf_column *keys, size_t count) {
  jackfield_plugin_compute_list_borrow_column_t list;
  if (grouper == NULL || !lent_columns(keys, count, &list)) return NULL;
  jackfield_plugin_data_own_column_t made;
  jackfield_plugin_types_failure_t failure;
  jackfield_plugin_compute_borrow_grouper_t lent = {grouper->own.__handle};
  if (jackfield_plugin_compute_method_grouper_assign(lent, &list, &made, &failure)) return jf_new_column(made.__handle);
  jf_take_host_failure(&failure);
  return NULL;
}

uint32_t jf_grouper_count(jf_grouper *grouper) {
  if (grouper == NULL) return 0;
  jackfield_plugin_compute_borrow_grouper_t lent = {grouper->own.__handle};
  return jackfield_plugin_compute_method_grouper_count(lent);
}

size_t jf_grouper_keys(jf_grouper *grouper, jf_column *keys, size_t most) {
  if (grouper == NULL) return 0;
  jackfield_plugin_compute_list_own_column_t list;
  jackfield_plugin_types_failure_t failure;
  jackfield_plugin_compute_borrow_grouper_t lent = {grouper->own.__handle};
  if (!jackfield_plugin_compute_method_grouper_keys(lent, &list, &failure)) {
    jf_take_host_failure(&failure);
    return 0;
  }
  size_t count = list.len;
  for (size_t i = 0; i < count; i++) {
    jf_column column = jf_new_column(list.ptr[i].__handle);
    if (i < most) keys[i] = column;
  }
  free(list.ptr);
  return count < most ? count : most;
}

void jf_grouper_free(jf_grouper *grouper) {
  if (grouper == NULL) return;
  jackfield_plugin_compute_grouper_drop_own(grouper->own);
  free(grouper);
}

jf_accumulator *jf_accumulator_new(const char *function, const char *type) {
  jackfield_plugin_compute_list_tree_t list;
  jf_accumulator *made = NULL;
  if (trees_of(&type, 1, &list)) {
    bindings_string_t name = jf_lent(function), none = jf_lent("");
    jackfield_plugin_compute_own_accumulator_t own;
    jackfield_plugin_types_failure_t failure;
    if (jackfield_plugin_compute_constructor_accumulator(&name, &list, &none, &own, &failure)) {
      made = jf_need(sizeof *made);
      made->own = own;
    } else {
      jf_take_host_failure(&failure);
    }
  }
  free_trees(&list);
  return made;
}

void jf_accumulator_update(jf_accumulator *accumulator, jf_column values, jf_column groups, uint32_t group_count) {
  jackfield_plugin_compute_list_borrow_column_t list;
  if (accumulator == NULL || groups == NULL || !lent_columns(&values, 1, &list)) return;
  jackfield_plugin_compute_borrow_accumulator_t lent = {accumulator->own.__handle};
  jackfield_plugin_data_borrow_column_t numbers = {groups->handle};
  jackfield_plugin_types_failure_t failure;
  if (!jackfield_plugin_compute_method_accumulator_update(lent, &list, numbers, group_count, &failure)) jf_take_host_failure(&failure);
}

jf_column jf_accumulator_finish(jf_accumulator *accumulator) {
  if (accumulator == NULL) return NULL;
  jackfield_plugin_compute_borrow_accumulator_t lent = {accumulator->own.__handle};
  jackfield_plugin_data_own_column_t made;
  jackfield_plugin_types_failure_t failure;
  if (jackfield_plugin_compute_method_accumulator_finish(lent, &made, &failure)) return jf_new_column(made.__handle);
  jf_take_host_failure(&failure);
  return NULL;
}

void jf_accumulator_free(jf_accumulator *accumulator) {
  if (accumulator == NULL) return;
  jackfield_plugin_compute_accumulator_drop_own(accumulator->own);
  free(accumulator);
}

jf_joiner *jf_joiner_new(const char *const *types, size_t count) {
  jackfield_plugin_compute_list_tree_t list;
  jf_joiner *made = NULL;
  if (trees_of(types, count, &list)) {
    jackfield_plugin_compute_own_joiner_t own;
    jackfield_plugin_types_failure_t failure;
    if (jackfield_plugin_compute_constructor_joiner(&list, &own, &failure)) {
      made = jf_need(sizeof *made);
      made->own = own;
    } else {
      jf_take_host_failure(&failure);
    }
  }
  free_trees(&list);
  return made;
}

void jf_joiner_build(jf_joiner *joiner, const jf_column *keys, size_t count) {
  jackfield_plugin_compute_list_borrow_column_t list;
  if (joiner == NULL || !lent_columns(keys, count, &list)) return;
  jackfield_plugin_compute_borrow_joiner_t lent = {joiner->own.__handle};
  jackfield_plugin_types_failure_t failure;
  if (!jackfield_plugin_compute_method_joiner_build(lent, &list, &failure)) jf_take_host_failure(&failure);
}

jf_matches *jf_joiner_probe(jf_joiner *joiner, const jf_column *keys, size_t count, jf_join kind) {
  jackfield_plugin_compute_list_borrow_column_t list;
  if (joiner == NULL || !lent_columns(keys, count, &list)) return NULL;
  jackfield_plugin_compute_borrow_joiner_t lent = {joiner->own.__handle};
  jackfield_plugin_compute_own_matches_t own;
  jackfield_plugin_types_failure_t failure;
  if (!jackfield_plugin_compute_method_joiner_probe(lent, &list, (uint8_t)kind, &own, &failure)) {
    jf_take_host_failure(&failure);
    return NULL;
  }
  jf_matches *made = jf_need(sizeof *made);
  made->own = own;
  return made;
}

// The last piece frees the matches.
bool jf_matches_next(jf_matches *matches, uint32_t most, jf_column *probe, jf_column *build) {
  if (matches == NULL) return false;
  jackfield_plugin_compute_borrow_matches_t lent = {matches->own.__handle};
  jackfield_plugin_compute_option_tuple2_own_column_own_column_t next;
  jackfield_plugin_types_failure_t failure;
  if (!jackfield_plugin_compute_method_matches_next(lent, most, &next, &failure)) {
    jf_take_host_failure(&failure);
  } else if (next.is_some) {
    *probe = jf_new_column(next.val.f0.__handle);
    *build = jf_new_column(next.val.f1.__handle);
    return true;
  }
  jackfield_plugin_compute_matches_drop_own(matches->own);
  free(matches);
  return false;
}

void jf_joiner_free(jf_joiner *joiner) {
  if (joiner == NULL) return;
  jackfield_plugin_compute_joiner_drop_own(joiner->own);
  free(joiner);
}
#endif
