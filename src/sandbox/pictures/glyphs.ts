/*
 * The lettering of the slates: strokes on a grid, drawn for this program, so that any size looks drawn and not
 * enlarged. A point is two base-36 digits, x from the left and y down: 0 is the top of the capitals, 4 the top of
 * the small letters, c the line they stand on, g the lowest descender. A stroke is a run of points; with `~` it
 * is a curve that the points pull (a quadratic B-spline through both ends), with `@` such a curve closed.
 * A point given twice is a dot. Each entry: the character, its width, its strokes.
 */
const TABLE = `
A 8 0c408c 1979
B 8 000c ~00707606 ~06868c0c
C 8 ~8380000c8c89
D 8 000c ~00808c0c
E 7 70000c7c 0656
F 7 70000c 0656
G 8 ~8380000c8c86 8656
H 8 000c 808c 0686
I 0 000c
J 6 ~606c0c09
K 8 000c 8008 358c
L 7 000c7c
M 10 0c0058a0ac
N 8 0c008c80
O 9 @000c9c90
P 8 000c ~00808707
Q 9 @000c9c90 589d
R 8 000c ~00808707 478c
S 8 ~83800005878c0c09
T 8 0080 404c
U 8 ~000c8c80
V 8 004c80
W 12 003c629cc0
X 8 008c 800c
Y 8 004680 464c
Z 8 00800c8c
a 6 @040c6c64 646c
b 6 000c @040c6c64
c 6 ~6664040c6c6a
d 6 606c @040c6c64
e 6 0868 ~6864040c6c6a
f 5 ~5020242c 0454
g 6 @040c6c64 ~646c6g0g0e
h 6 000c ~0804646c
i 0 040c 0101
j 3 ~343g0g 3131
k 6 000c 640a 286c
l 2 ~00090c2c
m 10 040c ~0804545c ~5854a4ac
n 6 040c ~0804646c
o 7 @040c7c74
p 6 040g @040c6c64
q 6 646g @040c6c64
r 4 040c ~080444
s 5 ~56540407595c0c0a
t 5 ~20292c5c 0454
u 6 ~040c6c68 646c
v 6 043c64
w 10 043c557ca4
x 6 046c 640c
y 6 043c 642f
z 6 04640c6c
0 7 @000c7c70
1 7 23505c
2 7 ~030070750c 0c7c
3 7 ~0200707636 ~36767c0c0a
4 7 5c500979
5 7 701005 ~05757c0c0a
6 7 @050c7c75 ~600008
7 7 00702c
8 7 @10166660 @060c7c76
9 7 @00077770 ~747c1c
. 0 0c0c
, 1 1b0e
: 0 0505 0c0c
; 1 1515 1b0e
! 0 0008 0c0c
? 6 ~020060663639 3c3c
' 0 0003
" 3 0003 3033
( 3 ~3004093d
) 3 ~0034390d
[ 3 30000d3d
] 3 00303d0d
{ 4 ~40202606 ~06262d4d
} 4 ~00202646 ~46262d0d
- 5 0757
_ 8 0e8e
/ 6 600d
\\ 6 006d
| 0 000e
+ 8 434b 0787
= 8 0585 0989
* 6 3137 0256 5206
# 9 302c 706c 0494 0898
$ 8 ~83800005878c0c09 404c
% 10 @00044440 @686caca8 a00c
& 9 ~9c13106064060c7c97
@ 11 @34397974 ~7479b9b0000cac
< 6 62076c
> 6 02670c
^ 6 033063
~ 8 ~08058986
\` 2 0023
\u00b0 3 @00033330
\u00d7 6 056b 650b
\u00b7 0 0707
\u2026 8 0c0c 4c4c 8c8c
\u2192 9 0797 64976a
`;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A stroke: straight lines from point to point, flattened from its curve; a single point is a dot. */
export type Stroke = readonly Point[];

/** One character: how wide it is and what is drawn, in units of which a capital is 12 high. */
export interface Glyph {
  readonly width: number;
  readonly strokes: readonly Stroke[];
}

/** The glyph of a character; an open box for one that the table lacks. */
export function glyphOf(character: string): Glyph {
  glyphs ??= readTable();
  return glyphs.get(character) ?? { width: 7, strokes: [readStroke('000c7c7000')] };
}

/** Height of a capital, and how far letters reach above and below, in the units of a glyph. */
export const CAPITAL = 12;
export const DEEPEST = 16;

/** Read when the first letter is drawn. */
let glyphs: ReadonlyMap<string, Glyph> | undefined;

function readTable(): Map<string, Glyph> {
  const table = new Map<string, Glyph>([[' ', { width: 2.5, strokes: [] }]]);
  for (const line of TABLE.trim().split('\n')) {
    const [character = '', width, ...strokes] = line.split(' ');
    table.set(character, { width: Number(width), strokes: strokes.map(readStroke) });
  }
  return table;
}

function readStroke(text: string): Stroke {
  const kind = /^[~@]/.exec(text)?.[0];
  const points = [...text.matchAll(/([0-9a-g])([0-9a-g])/g)].map(([, x = '', y = '']) => ({
    x: parseInt(x, 36),
    y: parseInt(y, 36),
  }));
  if (kind === '~') return openCurve(points);
  if (kind === '@') return closedCurve(points);
  return points;
}

function openCurve(points: Stroke): Stroke {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return [];
  const inner = points.slice(1, -1).flatMap((pull, index) => bend(points[index], pull, points[index + 2]));
  return [first, ...inner, last];
}

function closedCurve(points: Stroke): Stroke {
  const count = points.length;
  const curve = points.flatMap((pull, index) =>
    bend(points[(index + count - 1) % count], pull, points[(index + 1) % count]),
  );
  return [...curve, ...curve.slice(0, 1)];
}

/** From the middle before a point to the middle after it, drawn towards the point. */
function bend(before: Point | undefined, pull: Point, after: Point | undefined): Stroke {
  if (!before || !after) return [];
  const from = between(before, pull, 0.5);
  const to = between(pull, after, 0.5);
  return BEND_STEPS.map((t) => between(between(from, pull, t), between(pull, to, t), t));
}

const BEND_STEPS = [0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1];

function between(a: Point, b: Point, part: number): Point {
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
}
