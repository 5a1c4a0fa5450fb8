/* Each panel goes from 0 to the next round number above its largest value, since a line that begins elsewhere makes a
 * ripple look like a fall. */
#include "tools/show/chart.h"

#include "tools/show/output.h"

#define LEFT 70
#define WIDTH 700
#define TOP 50
#define PANEL 110
#define GAP 40
#define POINTS_MAX 1000u /* of a line: more than a pixel each */

static double round_up(double value)
{
	static const double steps[] = {1, 2, 5, 10};
	double unit = 1;
	while (unit * 10 <= value)
		unit *= 10;
	while (value > 0 && unit > value)
		unit /= 10;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (value <= steps[i] * unit)
			return steps[i] * unit;
	return value;
}

static void draw_line(FILE *out, const double *x, const double *y, size_t count, double top, double height_per_unit)
{
	size_t step = count / POINTS_MAX + 1;
	bool drawing = false;
	fputs("<path fill=\"none\" stroke=\"#0b5fa5\" stroke-width=\"1.5\" d=\"", out);
	for (size_t i = 0; i < count; i += step) {
		if (y[i] >= 0)
			fprintf(out, "%c%.1f %.1f", drawing ? 'L' : 'M', LEFT + WIDTH * x[i] / x[count - 1],
				top + PANEL - y[i] * height_per_unit);
		drawing = y[i] >= 0;
	}
	fputs("\"/>\n", out);
}

static void draw_panel(FILE *out, const struct chart_panel *panel, const double *x, size_t count, double top)
{
	double most = 0;
	for (size_t i = 0; i < count; i++)
		most = panel->y[i] > most ? panel->y[i] : most;
	double high = round_up(most);
	fprintf(out, "<text x=\"%d\" y=\"%.0f\" font-weight=\"bold\">%s</text>\n", LEFT, top - 6, panel->title);
	for (int i = 0; i <= 2; i++) {
		double at = top + PANEL - PANEL * i / 2.0;
		fprintf(out,
			"<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ccc\"/>"
			"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
			LEFT, LEFT + WIDTH, at, at, LEFT - 6, at + 4, high * i / 2.0);
	}
	draw_line(out, x, panel->y, count, top, PANEL / high);
}

static void draw_seconds(FILE *out, double last_s, double at)
{
	for (int i = 0; i <= 4; i++)
		fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">%.0f s</text>\n", LEFT + WIDTH * i / 4.0, at,
			last_s * i / 4);
}

enum error chart_write(const char *path, const char *caption, const double *x, size_t count,
	const struct chart_panel *panels, size_t panel_count, struct fault *fault)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	TRY(fault_set(fault, allocated(out), ""));
	double end = TOP + (double)panel_count * (PANEL + GAP);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" font-family=\"sans-serif\" "
		"font-size=\"12\">\n"
		"<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
		"<text x=\"%d\" y=\"20\" font-size=\"14\">%s</text>\n",
		LEFT + WIDTH + 30, end, caption, LEFT, caption);
	for (size_t i = 0; i < panel_count; i++)
		draw_panel(out, &panels[i], x, count, TOP + (double)i * (PANEL + GAP));
	draw_seconds(out, x[count - 1], end - GAP + 18);
	fputs("</svg>\n", out);
	bool whole = fclose(out) == 0 && text != NULL;
	enum error error = whole ? output_file(path, bytes_of((const uint8_t *)text, len), 0644, fault)
							 : fault_set(fault, E_NO_MEMORY, "");
	free(text);
	return error;
}
