package dk.indsigt.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reports accesses to an Indsigt gateway on this machine. May be used by several threads. */
public final class Reporter {
    private static final long FIRST_PAUSE_MS = 50;
    private static final long LONGEST_PAUSE_MS = 2000;
    private static final int AT_ONCE = 16;
    private static final Pattern MEMBER = Pattern.compile("\"(error|detail)\":\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(u[0-9a-fA-F]{4}|.)");

    /** What is about people goes to the gateway, by no proxy that the program has for other things. */
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).proxy(HttpClient.Builder.NO_PROXY).build();
    private final URI uri;
    private final String token;
    private final Duration patience;

    /** @param address HOST:PORT */
    public Reporter(String address) {
        this(address, null, Duration.ofSeconds(30));
    }

    /**
     * @param token what the file of the gateway's --http-token has; or null
     * @param patience for how long a gateway that is away or busy is tried
     */
    public Reporter(String address, String token, Duration patience) {
        this.uri = URI.create("http://" + address + "/v1/events");
        this.token = token;
        this.patience = patience;
    }

    /** Returns once the event is durable. */
    public void report(Event event) throws RefusedException, UnavailableException, InterruptedException {
        Event given = event.has("id") ? event : event.copy().put("id", UUID.randomUUID().toString());
        HttpResponse<String> response = post(given);
        if (response.statusCode() == 200 || response.statusCode() == 201) {
            return;
        }
        String body = response.body();
        throw new RefusedException(member(body, "error", "status " + response.statusCode()), member(body, "detail", "refused"), given);
    }

    /**
     * Returns once all are durable but those that are refused, which it gives back; their order is the events'.
     *
     * @throws UnavailableException with all that were not taken
     */
    public List<RefusedException> reportMany(List<Event> events) throws UnavailableException, InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        List<Future<Void>> answers = new ArrayList<>();
        List<RefusedException> refused = new ArrayList<>();
        List<Event> left = new ArrayList<>();
        String why = null;
        try {
            for (Event event : events) {
                answers.add(threads.submit(() -> {
                    report(event);
                    return null;
                }));
            }
            for (int n = 0; n < answers.size(); n++) {
                try {
                    answers.get(n).get();
                } catch (ExecutionException failed) {
                    if (failed.getCause() instanceof RefusedException) {
                        refused.add((RefusedException) failed.getCause());
                    } else if (failed.getCause() instanceof UnavailableException) {
                        left.addAll(((UnavailableException) failed.getCause()).events());
                        why = failed.getCause().getMessage();
                    } else {
                        throw new IllegalStateException(failed.getCause());
                    }
                }
            }
        } finally {
            threads.shutdownNow();
        }
        if (!left.isEmpty()) {
            throw new UnavailableException(why, left, refused);
        }
        return refused;
    }

    private HttpResponse<String> post(Event event) throws UnavailableException, InterruptedException {
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri).header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(event.toString()));
        if (token != null) {
            builder.header("Authorization", "Bearer " + token);
        }
        long end = System.nanoTime() + patience.toNanos();
        for (long pause = FIRST_PAUSE_MS;; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
            String why;
            builder.timeout(Duration.ofNanos(Math.max(end - System.nanoTime(), 1_000_000_000)));
            try {
                HttpResponse<String> response = client.send(builder.build(), HttpResponse.BodyHandlers.ofString());
                if (response.statusCode() < 500 && response.statusCode() != 429) {
                    return response;
                }
                why = member(response.body(), "detail", "the gateway is busy");
            } catch (IOException failed) {
                why = failed.getMessage() != null ? failed.getMessage() : failed.toString();
            }
            if (System.nanoTime() + pause * 1_000_000 > end) {
                throw new UnavailableException("the gateway could not take it within " + patience.toMillis() + " ms: " + why, List.of(event), List.of());
            }
            Thread.sleep((long) (pause * (0.5 + ThreadLocalRandom.current().nextDouble())));
        }
    }

    /** A text of a problem, as the gateway writes them. */
    private static String member(String body, String name, String otherwise) {
        Matcher members = MEMBER.matcher(body);
        while (members.find()) {
            if (members.group(1).equals(name)) {
                return ESCAPE.matcher(members.group(2)).replaceAll(one -> Matcher.quoteReplacement(unescape(one.group(1))));
            }
        }
        return otherwise;
    }

    private static String unescape(String code) {
        if (code.length() > 1) {
            return String.valueOf((char) Integer.parseInt(code.substring(1), 16));
        }
        int at = "ntrbf".indexOf(code);
        return at < 0 ? code : String.valueOf("\n\t\r\b\f".charAt(at));
    }
}
