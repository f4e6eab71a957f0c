// The node: adds a key to each row. The loop is our own, over the column's bytes, because no kernel does this.
#include "jackfield.h"
#include "keys.h"

#include <stdlib.h>
#include <string.h>

struct phonetic {
  char *column, *into;
  bool sounds_like_metaphone;
  size_t length;
};

static void open_phonetic(void *state, jf_params params) {
  struct phonetic *self = state;
  const char *column = jf_param_text(params, "column", "");
  self->column = jf_keep_text(column);
  self->into = jf_keep_text(jf_param_text(params, "into", jf_print("%s_phonetic", column)));
  self->sounds_like_metaphone = strcmp(jf_param_text(params, "algorithm", "soundex"), "metaphone") == 0;
  self->length = (size_t)jf_param_int(params, "length", 4);
}

static void bind_phonetic(void *state, jf_binding *binding) {
  struct phonetic *self = state;
  size_t column = jf_expect_column(binding, 0, self->column, "/column");
  if (column == SIZE_MAX) return;
  const char *type = jf_input_type(binding, 0, column);
  if (strcmp(type, "utf8") != 0) {
    jf_fail(JF_INVALID_CONFIG, "type-mismatch", "the column `%s` is %s, and a phonetic key is made of text", self->column, type);
    jf_fail_parameter("/column");
    jf_fail_column(self->column);
    return;
  }
  jf_output_with(binding, self->into, "utf8");
  jf_needs(binding, 0, self->column);
  jf_row_wise(binding);
  jf_keeps_rows(binding);
}

static void process_phonetic(void *state, jf_step *step, const char *port, jf_batch batch) {
  (void)port;
  struct phonetic *self = state;
  jf_view texts = jf_view_of(jf_column_of(batch, self->column));
  jf_builder *keys = jf_build("utf8", texts.length);
  for (uint32_t row = 0; row < texts.length; row++) {
    if (!jf_valid(&texts, row)) {
      jf_add_null(keys);
      continue;
    }
    size_t bytes;
    const char *text = jf_text_at(&texts, row, &bytes);
    char key[KEY_MOST];
    size_t made = self->sounds_like_metaphone ? metaphone(text, bytes, self->length, key)
                                              : soundex(text, bytes, self->length, key);
    jf_add_bytes(keys, key, made);
  }
  jf_column made = jf_finish(keys);
  jf_change(step, "out", NULL, &made, 1);
}

static void close_phonetic(void *state) {
  struct phonetic *self = state;
  free(self->column);
  free(self->into);
}

static const jf_node phonetic = {
    .type = "phonetic",
    .state_size = sizeof(struct phonetic),
    .open = open_phonetic,
    .bind = bind_phonetic,
    .process = process_phonetic,
    .close = close_phonetic,
};
const jf_node *const jf_nodes[] = {&phonetic, NULL};
