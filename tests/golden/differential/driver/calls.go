package main

import (
	"strconv"
	"strings"
)

// What a function takes and gives, a letter an argument, `*` after what may come again, `?` after what may be left out:
// s string, i int, I one that is small, f float, n number, b bool, l list, d dict, a anything, t time, r regex, v version, c constraint,
// p path, u URL, j JSON, y YAML, o TOML, L layout, D duration, z zone, k key, F format, e date as text, S list of strings.
type signature struct{ name, takes, gives string }

var signatures = func() []signature {
	var all []signature
	for _, line := range strings.Fields(`
		and:aa*:a or:aa*:a not:a:b len:a:i index:ai*:a slice:lii:l eq:aa*:b ne:aa:b lt:nn:b le:nn:b gt:nn:b ge:nn:b eq:ss*:b lt:ss:b print:a*:s println:a*:s printf:Fa*:s printf:F:s html:a*:s js:a*:s urlquery:a*:s call:a:a
		index:lii?:a index:dk:a slice:ai?:a
		date:Lt:s dateInZone:Ltz:s date_in_zone:Ltz:s dateModify:Dt:t date_modify:Dt:t mustDateModify:Dt:t duration:a:s durationRound:a:s htmlDate:t:s htmlDateInZone:tz:s
		toDate:Le:t mustToDate:Le:t unixEpoch:t:s toDate:Le:t mustToDate:Le:t
		durationDays:D:f durationHours:D:f durationMicroseconds:D:i durationMilliseconds:a:i durationMinutes:D:f durationNanoseconds:D:i durationRoundTo:DD:a durationTruncateTo:DD:a durationSeconds:a:f durationWeeks:a:f mustToDuration:a:a
		add1f:n:f addf:n*:f subf:nn*:f mulf:nn*:f divf:nn*:f add:n*:i add1:n:i sub:nn:i mul:nn*:i div:nn:i mod:nn:i max:nn*:i min:nn*:i maxf:nn*:f minf:nn*:f biggest:nn:i ceil:n:f floor:n:f round:nif?:f int:a:i int64:a:i float64:a:f toDecimal:a:i atoi:s:i seq:I*:s until:I:l untilStep:IIi:l
		all:a*:b any:a*:b coalesce:a*:a default:aa*:a empty:a:b ternary:aab:a
		deepCopy:a:a mustDeepCopy:a:a dict:ka*:d dict:kaka:d dict:ka:d dig:kad:a dig:kkad:a get:dk:a hasKey:dk:b keys:d*:l merge:dd*:d mergeOverwrite:dd*:d mustMerge:dd*:d mustMergeOverwrite:dd*:d omit:dk*:d pick:dk*:d pluck:kd*:l set:dka:d unset:dk:d values:d:l
		adler32sum:s:s b32enc:s:s b32dec:s:s b64enc:s:s b64dec:s:s sha1sum:s:s sha256sum:s:s sha512sum:s:s
		fail:s:s include:Na:s lookup:ssss:d required:sa:a tpl:Ta:s
		fromJson:j:d fromJsonArray:j:l mustFromJson:j:a toJson:a:s mustToJson:a:s mustToPrettyJson:a:s mustToRawJson:a:s toPrettyJson:a:s toRawJson:a:s
		append:la:l prepend:la:l push:la:l chunk:il:l compact:l:l concat:l*:l first:l:a has:al:b initial:l:l last:l:a list:a*:l tuple:a*:l rest:l:l reverse:l:l sortAlpha:l:l uniq:l:l without:la*:l
		mustAppend:la:l mustPrepend:la:l mustPush:la:l mustChunk:il:l mustCompact:l:l mustFirst:l:a mustHas:al:b mustInitial:l:l mustLast:l:a mustRest:l:l mustReverse:l:l mustSlice:lii:l mustUniq:l:l mustWithout:la*:l
		base:p:s dir:p:s clean:p:s ext:p:s isAbs:p:b osBase:p:s osDir:p:s osClean:p:s osExt:p:s osIsAbs:p:b
		regexFind:rs:s regexFindAll:rsi:l regexMatch:rs:b regexQuoteMeta:s:s regexReplaceAll:rsR:s regexReplaceAllLiteral:rsR:s regexSplit:rsi:l mustRegexFind:rs:s mustRegexFindAll:rsi:l mustRegexMatch:rs:b mustRegexReplaceAll:rsR:s mustRegexReplaceAllLiteral:rsR:s mustRegexSplit:rsi:l
		cat:a*:s contains:ss:b hasPrefix:ss:b hasSuffix:ss:b indent:Is:s join:sa:s lower:s:s upper:s:s nindent:Is:s nospace:s:s plural:ssi:s quote:a*:s squote:a*:s repeat:Is:s replace:sss:s split:ss:d splitList:ss:l splitn:sis:d substr:iis:s title:s:s untitle:s:s toString:a:s toStrings:a:l
		trim:s:s trimAll:ss:s trimPrefix:ss:s trimSuffix:ss:s trimall:ss:s trunc:is:s abbrev:is:s abbrevboth:iis:s camelcase:s:s kebabcase:s:s snakecase:s:s swapcase:s:s initials:s:s wrap:is:s wrapWith:iss:s hello::s
		toToml:d:s mustToToml:d:s fromToml:o:d toYaml:a:s mustToYaml:a:s toYamlPretty:a:s fromYaml:y:d fromYamlArray:y:l
		deepEqual:aa:b kindIs:Ka:b kindOf:a:s typeIs:Ka:b typeIsLike:Ka:b typeOf:a:s
		getHostByName:s:s urlJoin:d:s urlParse:u:d semver:v:V semverCompare:cv:b decryptAES:ss:s derivePassword:issss:s buildCustomCert:ss:a`) {
		part := strings.Split(line, ":")
		all = append(all, signature{part[0], part[1], part[2]})
	}
	return all
}()

// Functions by what they give.
var giving = func() map[string][]signature {
	by := map[string][]signature{}
	for _, s := range signatures {
		by[s.gives] = append(by[s.gives], s)
	}
	by["n"] = append(append([]signature{}, by["i"]...), by["f"]...)
	return by
}()

// takingLast gives the functions that take such a value as their last argument.
func takingLast(gives string, any bool) []signature {
	if any {
		return signatures
	}
	var fitting []signature
	for _, s := range signatures {
		last := strings.TrimRight(s.takes, "*?")
		if strings.HasSuffix(last, "a") || strings.HasSuffix(last, gives) || strings.HasSuffix(last, "n") && (gives == "i" || gives == "f") {
			fitting = append(fitting, s)
		}
	}
	return fitting
}

var paths = map[byte][]string{
	's': {".s", ".t", ".d.y.z", "$.s", "$.t"},
	'i': {"(int .n)", "(len .l)"}, 'f': {".f", ".n"}, 'n': {".n", ".f", "$.n", ".d.y.n"},
	'b': {".b", "$.b"},
	'l': {".l", ".ss", ".nn", ".d.l", "$.l"}, 'S': {".ss", ".d.l"},
	'd': {".m", ".d", ".d.y", ".", "$", "$.m"},
	'a': {".", "$", ".z", ".l", ".m", ".d.x", ".s", ".n", ".missing", ".d.missing", ".m.a", "$.d", ".f", ".b"},
}
var wrongPaths = []string{".m.a.b", ".s.x", ".l.x", ".missing.x", "$.d.x.y.z", ".n.a"}

var methods = []string{".Year", ".Month", ".Unix", ".String", ".UTC", ".IsZero", ".Format \"2006-01-02\"", ".YearDay", ".Weekday", ".Add 5", ".Location", ".AddDate 0 1 0", ".Truncate 5", ".Date", ".ISOWeek", ".Zone", ".GoString", ".Sub 1"}
var versionMethods = []string{".Major", ".Minor", ".Patch", ".Prerelease", ".Metadata", ".Original", ".String", ".IncMinor", ".IncPatch", ".SetPrerelease \"x\"", ".Compare .s", ".x"}

// odd is one of the texts where the maker is wild, now and then.
func (m *maker) odd(inCases int, texts ...string) string {
	if m.wild && m.one(inCases) {
		return pick(m, texts...)
	}
	return ""
}

// function is one of them; what can only fail is for the wild.
func (m *maker) function(from []signature) signature {
	for {
		s := pick(m, from...)
		fails := s.name == "fail" || s.name == "call" || s.name == "include" && len(m.defined) == 0 || strings.HasPrefix(s.name, "must") && m.n(4) > 0
		if m.wild || !fails {
			return s
		}
	}
}

// expression writes something that should be of the kind; it may stand as an argument.
func (m *maker) expression(kind byte, depth int) string {
	m.size++
	if m.wild && m.one(14) {
		kind = "sifbladtrvpk"[m.n(12)]
	}
	if m.one(9) && len(m.variables) > 0 && (kind == 'a' || m.wild) {
		return "$" + pick(m, m.variables...) + m.odd(4, ".a", ".x.y")
	}
	if m.wild && m.one(20) {
		return pick(m, wrongPaths...)
	}
	if kind == 'I' {
		return m.literal(kind)
	}
	if m.n(5) < 2 && len(paths[kind]) > 0 && (!m.called || kind == 'a' || m.wild) {
		return m.place(pick(m, paths[kind]...))
	}
	if depth > 0 && m.size < 60 && m.n(3) > 0 {
		if call, ok := m.callGiving(kind, depth); ok {
			return call
		}
	}
	return m.literal(kind)
}

// place leads to the data wherever it is written, mostly.
func (m *maker) place(path string) string {
	if m.called && !m.wild {
		return pick(m, ".", "$")
	}
	if m.moved && (!m.wild || m.one(2)) {
		if path == "." || strings.HasPrefix(path, "$") {
			path = "$" + strings.TrimPrefix(path[1:], "$")
		} else {
			path = strings.Replace(path, ".", "$.", 1)
		}
	}
	if path == "." || path == "$" {
		return path
	}
	return strings.Replace(path, ".", m.root+".", 1)
}

func (m *maker) callGiving(kind byte, depth int) (string, bool) {
	from := giving[string(kind)]
	switch {
	case kind == 'a':
		from = signatures
	case kind == 't':
		return "(" + m.call(m.function(giving["t"]), depth-1) + ")", true
	case len(from) == 0:
		return "", false
	}
	s := m.function(from)
	text := "(" + m.call(s, depth-1) + ")"
	if kind == 'i' && !m.wild && s.name != "int" && s.name != "len" {
		text = "(int " + text + ")"
	}
	switch {
	case s.gives == "t" && m.one(2):
		text = "(" + text + pick(m, methods...) + ")"
	case s.gives == "V" && m.n(3) > 0:
		text = "(" + text + pick(m, versionMethods...) + ")"
	case s.gives == "d" && m.one(4):
		text += m.odd(2, ".a", ".x.y", "._0", "._1", ".host", ".Error")
	}
	return text, true
}

func (m *maker) literal(kind byte) string {
	switch kind {
	case 's', 'R':
		if kind == 'R' && m.one(2) {
			return m.quoted(pick(m, "$1", "${1}x", "$1x", "$n", "$$", "${n}", "$0", "$", "${", "\\1", "$12", "${1"))
		}
		return m.quoted(m.text())
	case 'i':
		return m.integer()
	case 'I':
		return strconv.Itoa(m.n(12) - 1)
	case 'f':
		return m.float()
	case 'n':
		return pick(m, m.integer(), m.integer(), m.float(), m.quoted(pick(m, "5", "1.5", "0x1F", "x", "010", "")))
	case 'b':
		return pick(m, "true", "false")
	case 'l':
		return "(" + pick(m, "list", "list", "tuple", "until 3 | append", "splitList \",\"", "untilStep 0 5") + " " + m.expression('a', 0) + pick(m, "", " "+m.expression('a', 0)) + ")"
	case 'S':
		return "(list " + m.quoted(m.text()) + " " + m.quoted(m.text()) + ")"
	case 'd':
		return "(dict " + m.quoted(m.key()) + " " + m.expression('a', 0) + pick(m, "", " "+m.quoted(m.key())+" "+m.expression('a', 0)) + ")"
	case 't':
		return pick(m, m.integer(), "(toDate \"2006-01-02\" "+m.quoted(m.date())+")", "(int64 "+m.integer()+")", "(unixEpoch (toDate \"2006-01-02\" \"2001-02-03\"))")
	case 'r':
		return m.quoted(m.regex())
	case 'v':
		return m.quoted(m.version())
	case 'V':
		return "(semver " + m.quoted(m.version()) + ")"
	case 'c':
		return m.quoted(m.constraint())
	case 'p':
		return m.quoted(m.path())
	case 'u':
		return m.quoted(m.url())
	case 'j':
		return m.quoted(m.json())
	case 'y':
		return m.quoted(m.yaml())
	case 'o':
		return m.quoted(m.toml())
	case 'L':
		return m.quoted(m.layout())
	case 'e':
		return m.quoted(m.date())
	case 'D':
		return pick(m, m.quoted(m.duration()), m.integer(), m.float())
	case 'z':
		return m.quoted(m.zone())
	case 'k':
		return m.quoted(m.key())
	case 'F':
		return m.quoted(m.format())
	case 'K':
		return m.quoted(pick(m, "string", "int", "map", "slice", "float64", "bool", "*time.Time", "time.Time", "map[string]interface {}", "[]interface {}", "invalid", "ptr", "*semver.Version", "struct"))
	case 'N':
		if len(m.defined) > 0 && m.n(10) > 0 {
			return m.quoted(pick(m, m.defined...))
		}
		return pick(m, "\"none\"", "\"gotpl\"", "\"\"", "\"none\"", m.quoted(m.text()))
	case 'T':
		inner := &maker{r: m.r, size: max(m.size, 40), wild: m.wild}
		if m.one(3) {
			inner.defined = m.defined
		}
		return m.quoted(pick(m, inner.body(1), "{{.s}}", m.text()))
	}
	switch m.n(12) {
	case 0:
		if m.wild {
			return pick(m, "nil", "nil", "(nil)", "()", "..", ".a.", "$x", "((.s))")
		}
		return pick(m, ".", "$")
	case 1:
		return m.literal('b')
	case 2, 3:
		return m.literal('i')
	case 4:
		return m.literal('f')
	case 5:
		return m.literal('l')
	case 6:
		return m.literal('d')
	case 7:
		return m.literal("tVvD"[m.n(4)])
	}
	return m.literal('s')
}

func (m *maker) format() string {
	var b strings.Builder
	for i := m.n(3); i >= 0; i-- {
		b.WriteString(pick(m, "", "x", " ", "é", "%%"))
		b.WriteString("%" + pick(m, "", "", "", "+", "-", "#", " ", "0", "+0", "-0", "# ", "+#") + pick(m, "", "", "", "1", "5", "12", "*", "[1]", "[2]", "[3]", "[0]", "[x]", "[2]*", "100") + pick(m, "", "", "", ".", ".0", ".2", ".10", ".*", ".[1]*", ".-1") +
			pick(m, "s", "d", "v", "q", "v", "s", "d", "x", "X", "f", "g", "e", "G", "E", "F", "t", "T", "b", "o", "O", "c", "U", "w", "z", "!", "", "é", "%", "[1]d", "[2]s"))
	}
	return b.String()
}

// call writes a function's name and its arguments, mostly as many as it takes.
func (m *maker) call(s signature, depth int) string {
	text := s.name
	for _, argument := range m.arguments(s.takes) {
		text += " " + m.expression(argument, depth)
	}
	return text
}

func (m *maker) arguments(takes string) []byte {
	var out []byte
	for i := 0; i < len(takes); i++ {
		again, optional := false, false
		if i+1 < len(takes) {
			again, optional = takes[i+1] == '*', takes[i+1] == '?'
		}
		switch {
		case again:
			for n := m.n(4); n > 0; n-- {
				out = append(out, takes[i])
			}
		case !optional || m.one(2):
			out = append(out, takes[i])
		}
		if again || optional {
			i++
		}
	}
	if m.wild && m.one(30) {
		out = append(out, 'a')
	}
	if m.wild && m.one(30) && len(out) > 0 {
		out = out[:len(out)-1]
	}
	return out
}
