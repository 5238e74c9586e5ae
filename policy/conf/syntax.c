/* SPDX-License-Identifier: ISC */
/*
 * The grammar (libconfig's manual, "Configuration File Grammar"):
 *
 *   group body:  { key ( "=" | ":" ) value [ ";" | "," ] }
 *   value:       text | number | true | false | "{" group body "}" | list | array
 *   list:        "(" [ value { "," value } ] ")"
 *   array:       "[" [ scalar { "," scalar } ] "]"      scalars of one kind
 *
 * A pushdown automaton: a state, and a stack of the brackets that are open. No recursion.
 */
#include "policy/conf/syntax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/conf/scanner.h"

#define DEPTH_MOST 32 /* the language of this file needs four */
#define KEYS_MOST 512 /* keys of all open groups that are remembered */

enum state {
    WANT_KEY, /* or the end of the group */
    WANT_EQUALS,
    WANT_VALUE,   /* behind "=" or "," */
    WANT_ELEMENT, /* behind an opening bracket: a value, or the end of the list */
    WANT_COMMA    /* or the end of the list */
};

struct bracket {
    char mark;           /* '{', '(', '['; '\0': the file itself */
    unsigned order;      /* its line */
    size_t keys;         /* keys of the groups around it */
    enum word_kind kind; /* of an array's elements */
};

struct parser {
    const struct source *source;
    struct report *report;
    enum state state;
    struct word word, before;
    struct bracket open[DEPTH_MOST];
    size_t depth; /* of the innermost bracket */
    struct word keys[KEYS_MOST];
    size_t key_count;
};

static bool is_mark(const struct word *word, const char *marks)
{
    return word->kind == WORD_MARK && strchr(marks, word->bytes.data[0]) != NULL;
}

static bool is_scalar(const struct word *word)
{
    return word->kind == WORD_TEXT || word->kind == WORD_NUMBER ||
           (word->kind == WORD_NAME && (span_equal_nocase(word->bytes, span_of("true")) ||
                                        span_equal_nocase(word->bytes, span_of("false"))));
}

static const struct bracket *innermost(const struct parser *parser)
{
    return &parser->open[parser->depth];
}

static bool in_list(const struct parser *parser)
{
    return innermost(parser)->mark == '(' || innermost(parser)->mark == '[';
}

static char closing_of(char mark)
{
    return (char)(mark == '(' ? ')' : mark == '[' ? ']' : '}');
}

/* The line that a word stands in, without the blanks around it. */
static struct span line_of(const struct source *source, unsigned order)
{
    const char *start = source->text, *end = source->text + source->length, *newline;

    for (unsigned line = 1; line < order && start < end; line++) {
        newline = memchr(start, '\n', (size_t)(end - start));
        start = newline != NULL ? newline + 1 : end;
    }
    newline = memchr(start, '\n', (size_t)(end - start));
    if (newline != NULL)
        end = newline;
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (start < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return (struct span){ start, (size_t)(end - start) };
}

static bool fail(const struct parser *parser, const char *sentence)
{
    const struct source *source = parser->source;
    unsigned order = parser->word.kind == WORD_END ? parser->before.line : parser->word.line;

    report_add(parser->report, SEVERITY_ERROR, source_place(source, order), line_of(source, order),
               "syntax error: %s", sentence);
    return false;
}

/* The same about the bracket that is open: "%c of line %u" in the sentence. */
static bool fail_open(const struct parser *parser, const char *before, const char *behind)
{
    const struct bracket *open = innermost(parser);
    char sentence[160];

    (void)snprintf(sentence, sizeof(sentence), "%sthe '%c' of line %u%s", before, open->mark,
                   source_place(parser->source, open->order).line, behind);
    return fail(parser, sentence);
}

static const char in_quotes[] = "strings, dates and durations must be in double quotes";

/* 2018-08-01, 6h, 192.0.2.1: a number that goes on as something else. */
static bool number_goes_on(const struct parser *parser)
{
    const struct word *before = &parser->before, *word = &parser->word;

    return before->kind == WORD_NUMBER && word->kind != WORD_MARK && word->kind != WORD_END &&
           before->bytes.data + before->bytes.length == word->bytes.data;
}

/* What can be wrong wherever a bracket closes, or the text ends. */
static bool fail_closing(const struct parser *parser)
{
    char behind[] = " is not closed with ' '";

    if (parser->depth == 0)
        return fail(parser, "a closing bracket without an opening one");
    behind[sizeof(behind) - 3] = closing_of(innermost(parser)->mark);
    return fail_open(parser, "", behind);
}

static bool fail_key(const struct parser *parser)
{
    const struct word *word = &parser->word;

    if (word->kind == WORD_END || is_mark(word, ")]}"))
        return fail_closing(parser);
    if (is_mark(word, ";,"))
        return fail(parser, "one ';' too many");
    if (is_mark(word, "{([") || is_scalar(word))
        return fail(parser, "a value without a key and '='");
    return fail(parser, "a key is wanted here");
}

/* Whether "=" comes next: then the word is a key. */
static bool equals_follows(const struct parser *parser)
{
    struct scanner scanner;
    struct word next;
    const char *end = parser->word.bytes.data + parser->word.bytes.length;

    scanner_start(&scanner, (struct span){ end, strlen(end) });
    return scanner_next_visible(&scanner, &next) && is_mark(&next, "=:");
}

static bool fail_value(const struct parser *parser)
{
    const struct word *word = &parser->word;

    if (in_list(parser) && word->kind == WORD_NAME && equals_follows(parser))
        return fail_open(parser, "a key in a list, '{' is missing behind ", "");
    if (is_mark(word, ")]}") && parser->before.bytes.data[0] == ',')
        return fail(parser, "a comma before the closing bracket");
    if (in_list(parser) && (word->kind == WORD_END || is_mark(word, ")]};")))
        return fail_closing(parser);
    if (word->kind == WORD_END || word->kind == WORD_MARK)
        return fail(parser, "a value is missing");
    if (word->bytes.data[0] == '\'')
        return fail(parser, "strings go in double quotes, not in single ones");
    return fail(parser, in_quotes);
}

static bool fail_comma(const struct parser *parser)
{
    const struct word *word = &parser->word;

    if (word->kind == WORD_END || is_mark(word, ")]};") ||
        (word->kind == WORD_NAME && equals_follows(parser)))
        return fail_closing(parser);
    if (is_mark(word, "{"))
        return fail(parser, "a comma is missing before '{'");
    return fail(parser, "a comma is missing between two values");
}

/* A key that the innermost group has already is reported; the walk goes on. */
static void take_key(struct parser *parser)
{
    for (size_t i = innermost(parser)->keys; i < parser->key_count; i++) {
        if (span_equal(parser->keys[i].bytes, parser->word.bytes)) {
            struct place place = source_place(parser->source, parser->word.line);
            struct place first = source_place(parser->source, parser->keys[i].line);
            char where[PLACE_SIZE];

            place_format(&first, &place, where);
            report_add(parser->report, SEVERITY_ERROR, place, parser->word.bytes,
                       "this key stands in %s already", where);
            return;
        }
    }
    if (parser->key_count < KEYS_MOST)
        parser->keys[parser->key_count++] = parser->word;
}

static bool open_bracket(struct parser *parser)
{
    char mark = parser->word.bytes.data[0];

    if (innermost(parser)->mark == '[')
        return fail(parser, "'[ ]' holds texts, a list of groups stands in '( )'");
    if (parser->depth + 1 == DEPTH_MOST)
        return fail(parser, "brackets are nested too deeply");
    parser->open[++parser->depth] = (struct bracket){
        .mark = mark, .order = parser->word.line, .keys = parser->key_count, .kind = WORD_END
    };
    parser->state = mark == '{' ? WANT_KEY : WANT_ELEMENT;
    return true;
}

/* Behind a value. */
static void value_ends(struct parser *parser)
{
    parser->state = in_list(parser) ? WANT_COMMA : WANT_KEY;
}

static bool close_bracket(struct parser *parser)
{
    if (parser->depth == 0 || parser->word.bytes.data[0] != closing_of(innermost(parser)->mark))
        return fail_closing(parser);
    parser->key_count = innermost(parser)->keys;
    parser->depth--;
    value_ends(parser);
    return true;
}

static bool take_scalar(struct parser *parser)
{
    struct bracket *open = &parser->open[parser->depth];

    if (open->mark == '[' && open->kind != WORD_END && open->kind != parser->word.kind)
        return fail(parser, "'[ ]' holds values of one kind, strings in double quotes or numbers");
    open->kind = parser->word.kind;
    value_ends(parser);
    return true;
}

static bool take_value(struct parser *parser)
{
    if (is_scalar(&parser->word))
        return take_scalar(parser);
    if (is_mark(&parser->word, "{(["))
        return open_bracket(parser);
    if (parser->state == WANT_ELEMENT && is_mark(&parser->word, ")]}"))
        return close_bracket(parser);
    return fail_value(parser);
}

/* The state, and the word that has come; false: reported. */
static bool take_word(struct parser *parser)
{
    const struct word *word = &parser->word;

    if (number_goes_on(parser))
        return fail(parser, in_quotes);
    switch (parser->state) {
    case WANT_KEY:
        if (word->kind == WORD_NAME && !is_scalar(word)) {
            take_key(parser);
            parser->state = WANT_EQUALS;
            return true;
        }
        /* One ";" or "," may stand behind a value. */
        if (is_mark(word, ";,") && parser->before.kind != WORD_END &&
            !is_mark(&parser->before, ";,{"))
            return true;
        return is_mark(word, "}") ? close_bracket(parser) : fail_key(parser);
    case WANT_EQUALS:
        if (!is_mark(word, "=:"))
            return fail(parser, "'=' is missing behind the key");
        parser->state = WANT_VALUE;
        return true;
    case WANT_VALUE:
    case WANT_ELEMENT:
        return take_value(parser);
    case WANT_COMMA:
        if (is_mark(word, ")]"))
            return close_bracket(parser);
        if (!is_mark(word, ","))
            return fail_comma(parser);
        parser->state = WANT_VALUE;
        return true;
    }
    return false;
}

/* At the end of the text nothing may be open or wanted. */
static bool take_end(struct parser *parser)
{
    parser->word = (struct word){ .kind = WORD_END };
    if (parser->state == WANT_KEY && parser->depth == 0)
        return true;
    if (parser->depth > 0)
        return fail_closing(parser);
    return fail(parser, parser->state == WANT_EQUALS ? "'=' is missing behind the key"
                                                     : "a value is missing");
}

static bool walk(struct parser *parser)
{
    struct scanner scanner;

    scanner_start(&scanner, (struct span){ parser->source->text, parser->source->length });
    while (scanner_next_visible(&scanner, &parser->word)) {
        if (!take_word(parser))
            return false;
        parser->before = parser->word;
    }
    return take_end(parser);
}

bool syntax_check(const struct source *source, struct report *report)
{
    struct parser *parser = calloc(1, sizeof(*parser));
    bool good;

    if (parser == NULL) {
        report_add(report, SEVERITY_ERROR, source_place(source, 1), (struct span){ NULL, 0 },
                   "out of memory");
        return false;
    }
    parser->source = source;
    parser->report = report;
    good = walk(parser);
    free(parser);
    return good && report->errors == 0;
}

void syntax_report(const struct source *source, unsigned order, const char *words,
                   struct report *report)
{
    report_add(report, SEVERITY_ERROR, source_place(source, order), line_of(source, order), "%s",
               words);
}
