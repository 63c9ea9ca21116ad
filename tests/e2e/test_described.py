"""Tools that the user describes: code generators of all kinds, with the very descriptions of docs/models.md."""
import pathlib
import re
import shutil
import unittest

from ggtest import Case

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/models.md"
GRAMMAR = """%{
#include <stdio.h>
int yylex(void);
void yyerror(const char* why) { fprintf(stderr, "%s\\n", why); }
%}
%token NUMBER
%%
sum: NUMBER | sum '+' NUMBER { $$ = $1 + $3; printf("%d\\n", $$); };
%%
int main(void) { return yyparse(); }
"""
LEXER = """%{
#include <stdlib.h>
#include "parse.h"
%}
%option noyywrap nounput noinput
%%
[0-9]+ { yylval = atoi(yytext); return NUMBER; }
[ \\n] ;
. { return yytext[0]; }
"""
FLEX = """[[tool]]
program = "flex"
words = "input"
runs = "m4"
outputs = { path = "lex.yy.c", unless = "-o" }
not-with-text = ["outfile", "header-file", "tables-file"]
[tool.options]
flag = ["-i", "-8", "-L"]
output = ["-o, --outfile", "--header-file="]
"""
RE2C = """[[tool]]
program = "re2c"
words = "input"
needs = "--no-generation-date"
[tool.options]
flag = ["-i, --no-debug-info", "-W*", "--no-generation-date"]
output = "-o, --output"
"""
CALC = {
    "Makefile": "calc: parse.o scan.o\n\t$(CC) -o $@ $^\n"
                "parse.c parse.h &: parse.y\n\tbison -d -o parse.c parse.y\n"
                "scan.c: scan.l parse.h\n\tflex -o $@ scan.l\n"
                "parse.o: parse.c\nscan.o: scan.c parse.h\n",
    "parse.y": GRAMMAR, "scan.l": LEXER, ".gg/tools/flex.toml": FLEX,
}


def described(program):
    """The example of the page."""
    examples = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.S)
    return next(text for text in examples if f'program = "{program}' in text)


class Described(Case):
    def setUp(self):
        super().setUp()
        for program in ("bison", "flex", "re2c", "protoc", "python3"):
            self.assertTrue(shutil.which(program), f"{program} is missing: tools/install-packages test")

    def check(self, files, argv, thunks, native=0):
        """Equal to a plain build; and all hits when it is made once more."""
        self.build_both_ways(files, argv)
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (thunks, native), stats)
        self.assert_nothing_to_do(argv)
        self.fresh(files)
        self.under_gg(argv)
        stats = self.stats()
        self.assertEqual((stats["hits"], stats["native"]), (thunks, native), stats)

    def test_bison_and_flex_make_a_calculator(self):
        files = CALC | {".gg/tools/bison.toml": described("bison")}
        self.check(files, ["make", "-j2"], 5)
        self.assertEqual(self.plain(["sh", "-c", "echo 40 + 2 | ./calc"]).out, b"42\n")
        # A changed grammar is a miss for Bison alone: the lexer's input, and its header, are what they were.
        files["parse.y"] = GRAMMAR.replace("$1 + $3", "$3 + $1")
        self.build_both_ways(files, ["make", "-j2"])
        self.assertEqual(self.stats()["hits"], 2, self.stats())

    def test_a_grammar_that_asks_for_more_runs_natively(self):
        files = {"Makefile": "parse.c: parse.y\n\tbison -o $@ parse.y\n", "parse.y": "%defines\n" + GRAMMAR,
                 ".gg/tools/b.toml": described("bison")}
        self.build_both_ways(files, ["make"])
        self.assertEqual(list(self.stats()["declined"]), ["declined-text"])

    def test_what_is_made_besides_is_noticed(self):
        text = "\n".join(line for line in described("bison").splitlines() if "not-with-text" not in line)
        files = {"Makefile": "parse.c: parse.y\n\tbison -o $@ parse.y\n", "parse.y": "%defines\n" + GRAMMAR,
                 ".gg/tools/b.toml": text}
        self.build_both_ways(files, ["make"])
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (0, 1), stats)

    def test_a_file_that_the_description_forgets_is_not_missed(self):
        text = described("bison").replace('files = "/usr/share/bison/"\n', "")
        files = {"Makefile": "parse.c: parse.y\n\tbison -o $@ parse.y\n", "parse.y": GRAMMAR,
                 ".gg/tools/b.toml": text}
        run = self.build_both_ways(files, ["make"])
        self.assertEqual(run.foreign_err, b"", "nothing of the try in the container is heard")
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (0, 1), stats)

    def test_a_file_that_is_private_stays_private(self):
        (self.home / "re2c.toml").write_text(RE2C)  # it makes its output by mkstemp
        source = '/*!re2c re2c:define:YYCTYPE = char; re2c:yyfill:enable = 0; "a" { return 1; } * { return 0; } */\n'
        self.fresh({"Makefile": "out.c: in.re\n\tre2c -i --no-generation-date -o $@ in.re\n",
                    "in.re": f"int f(const char* YYCURSOR) {{\n{source}}}\n"})
        self.plain(["make"])
        expected = self.snapshot()
        (self.tree / "out.c").unlink()
        run = self.under_gg(["make"], options=["--explain", "--tool", str(self.home / "re2c.toml")])
        self.assert_same(expected, self.snapshot())
        self.assertIn(b"the mode 0600", run.err)

    def test_protoc_names_its_outputs_after_its_inputs_and_reads_imports(self):
        tools = self.home / ".config/gg/tools"
        tools.mkdir(parents=True)
        (tools / "protoc.toml").write_text(described("protoc"))
        files = {"Makefile": "all: gen/deep/a.pb.cc\ngen/deep/a.pb.cc: proto/deep/a.proto proto/b.proto\n"
                             "\tmkdir -p gen/deep\n\tprotoc -Iproto --cpp_out=gen proto/deep/a.proto proto/b.proto\n",
                 "proto/deep/a.proto": 'syntax = "proto3";\nimport "b.proto";\nimport "google/protobuf/any.proto";\n'
                                       "message A { B b = 1; google.protobuf.Any any = 2; }\n",
                 "proto/b.proto": 'syntax = "proto3";\nmessage B { int32 n = 1; }\n'}
        self.check(files, ["make"], 1)

    def test_a_script_of_the_project_whose_input_the_build_compiles(self):
        script = 'import sys, words\nopen(sys.argv[2], "w").write(words.line(open(sys.argv[1]).read()))\n'
        files = {"Makefile": "prog: main.o\n\t$(CC) -o $@ $^\n"
                             "main.o: table.h\ntable.h: table.txt\n\tpython3 tools/table.py table.txt $@\n"
                             "table.txt: table.c\n\t$(CC) -E -P -o $@ $<\n",
                 "tools/table.py": script,
                 "tools/words.py": 'def line(text): return f"#define TABLE {len(text.split())}\\n"\n',
                 "table.c": "#define two a b\ntwo two two\n",
                 "main.c": '#include "table.h"\nint main(void) { return TABLE - 6; }\n',
                 ".gg/tools/table.toml": described("python3")}
        self.environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.check(files, ["make"], 4)

    def test_where_no_placeholders_are_it_is_a_thunk_all_the_same(self):
        files = CALC | {".gg/tools/bison.toml": described("bison")}
        self.fresh(files)
        self.plain(["make"])
        expected = self.snapshot()
        self.fresh(files)
        self.under_gg(["make"], options=["--sandbox=none"])
        self.assert_same(expected, self.snapshot())
        stats = self.stats()
        self.assertEqual((stats["thunks"], stats["native"]), (5, 0), stats)

    def test_a_mistake_in_a_description_is_told_before_anything_is_built(self):
        self.fresh(CALC | {".gg/tools/b.toml": b"[[tool]]\nprogram = 'b\xff'\n"})
        run = self.gg("run", "--", "make")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b".gg/tools/b.toml:2: ", run.err)
        self.assertFalse((self.tree / "parse.c").exists())


if __name__ == "__main__":
    unittest.main()
