package jinja_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wgslgen/wgslgen/internal/shared"
	"github.com/wgslgen/wgslgen/runtime/chat/jinja"
)

func render(source string) (string, error) {
	template, err := jinja.Parse(source)
	if err != nil {
		return "", err
	}
	variables := &jinja.Dict{}
	variables.Set("long", strings.Repeat("a", 1<<20))
	return template.Render(variables, rendered)
}

// Templates that would take for ever, or all memory, or all of the stack, end with an error.
func TestLimits(t *testing.T) {
	doubling := "{% set ns = namespace(v=%s) %}{% for i in range(60) %}{% set ns.v = %s %}{% endfor %}"
	double := func(start, step string) string {
		return strings.Replace(strings.Replace(doubling, "%s", start, 1), "%s", step, 1)
	}
	for name, source := range map[string]string{
		"loops":          strings.Repeat("{% for i in range(1000) %}", 5) + strings.Repeat("{% endfor %}", 5),
		"long loop":      "{% for i in range(1000000000000) %}{% endfor %}",
		"macro":          "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
		"macros":         "{% macro f() %}{{ g() }}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}",
		"fibonacci":      "{% macro f(n) %}{% if n > 1 %}{{ f(n - 1) }}{{ f(n - 2) }}{% endif %}{% endmacro %}{{ f(60) }}",
		"caller":         "{% macro f() %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}",
		"default":        "{% macro f(a=f()) %}{% endmacro %}{{ f() }}",
		"recursion":      "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
		"repeated":       "{{ 'a' * 10000000000 }}",
		"more repeated":  "{{ 'ab' * 9223372036854775807 }}",
		"list":           "{{ [1, 2] * 4611686018427387904 }}",
		"concatenation":  double("'a'", "ns.v ~ ns.v"),
		"sum":            double("'a'", "ns.v + ns.v"),
		"lists":          double("[1]", "ns.v + ns.v"),
		"nested lists":   double("[1]", "[ns.v, ns.v]") + "{{ ns.v }}",
		"equal lists":    double("[1]", "[ns.v, ns.v]") + "{{ ns.v == ns.v }}",
		"as JSON":        double("[1]", "[ns.v, ns.v]") + "{{ ns.v | tojson }}",
		"dictionaries":   double("{}", "{'a': ns.v, 'b': ns.v}") + "{{ ns.v | tojson(indent=4) }}",
		"itself":         "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
		"itself JSON":    "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns | tojson }}",
		"replacement":    "{{ long | replace('a', long) }}",
		"method":         "{{ long.replace('', long) }}",
		"join":           "{{ (long | list) | join(long) }}",
		"indentation":    "{{ 'a\nb' | indent(100000000000) }}",
		"indented lines": "{{ long.replace('a', '\n') | indent(100000, blank=true) }}",
		"indented JSON":  "{{ [[[[1]]]] | tojson(indent=99999999999) }}",
		"batch":          "{{ [1] | batch(99999999999, 'x') | list }}",
		"searches":       "{% for i in range(1000000) %}{{ 'b' in long }}{% endfor %}",
		"comparisons":    "{% for i in range(1000000) %}{% if long ~ '' == long %}{% endif %}{% endfor %}",
		"output":         "{% for i in range(1000) %}{{ long }}{% endfor %}",
		"set block":      "{% set x %}a{% endset %}" + strings.Repeat("{% set x %}{{ x }}{{ x }}{% endset %}", 60),
		"width of time":  "{{ strftime_now(long * 1000) }}",
		"brackets":       "{{ " + strings.Repeat("(", 100000) + strings.Repeat(")", 100000) + " }}",
		"lists in text":  "{{ " + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + " }}",
		"signs":          "{{ " + strings.Repeat("- ", 100000) + "1 }}",
		"negations":      "{{ " + strings.Repeat("not ", 100000) + "1 }}",
		"conditions":     "{{ " + strings.Repeat("1 if 1 else ", 50000) + "1 }}",
		"blocks":         strings.Repeat("{% if 1 %}", 50000) + strings.Repeat("{% endif %}", 50000),
		"elifs":          "{% if 0 %}" + strings.Repeat("{% elif 0 %}", 50000) + "{% endif %}",
		"a long sum":     "{{ 1" + strings.Repeat(" + 1", 100000) + " }}",
		"filters":        "{{ 1" + strings.Repeat("|string", 100000) + " }}",
		"attributes":     "{{ long" + strings.Repeat("[0]", 100000) + " }}",
		"targets":        "{% for " + strings.Repeat("(", 100000) + "a" + strings.Repeat(")", 100000) + " in [] %}{% endfor %}",
		"size":           strings.Repeat("a", 2<<20),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			text, err := render(source)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("no error; rendered %d bytes", len(text))
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 4<<10 {
				t.Errorf("took %d MiB", took)
			}
			t.Logf("%v, %d MiB: %.100v", time.Since(start).Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, err)
		})
	}
}

// TestErrors checks where errors are said to be.
func TestErrors(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{{ b.c }}": "line 2: 'b' is undefined",
		"{% for i in [1] %}\n\n{{ i() }}{% endfor %}": "line 3: 'int' object is not callable",
		"\n\n{% if %}":                "line 3: unexpected end of the tag; want an expression",
		"{{ raise_exception('no') }}": "no",
	} {
		_, err := render(source)
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", source, err, want)
		}
		var e *jinja.Error
		if !errors.As(err, &e) || e.Raised != (want == "no") {
			t.Errorf("%q: %#v", source, err)
		}
	}
}

func FuzzRender(f *testing.F) {
	// Small ones: the fuzzer is slow with large ones.
	for _, name := range []string{"google-gemma-2-2b-it", "microsoft-Phi-3.5-mini-instruct"} {
		source, err := os.ReadFile(shared.Path(f, "chat", "templates", name+".jinja"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source), `{"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": true}`)
	}
	f.Add("{% for a, b in d.items() recursive %}{{ loop(b) ~ [a][0:1:-1] | tojson(indent=1) }}{% endfor %}", `{"d": {"a": {}, "b": {"c": null}}}`)
	f.Add("{% macro f(x='a') %}{{ x % 3 // 2 ** -x }}{% endmacro %}{{ f(1.5) }}{{ -f(2) }}", `{}`)
	f.Fuzz(func(t *testing.T, source, input string) {
		template, err := jinja.Parse(source)
		if err != nil {
			return
		}
		variables := &jinja.Dict{}
		if v, err := jinja.FromJSON([]byte(input)); err == nil {
			if d, ok := v.(*jinja.Dict); ok {
				variables = d
			}
		}
		if _, err := template.Render(variables, rendered); err != nil && err.Error() == "" {
			t.Error(fmt.Errorf("an error without a text: %#v", err))
		}
	})
}
