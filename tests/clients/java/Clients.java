// Connects with each of Java's clients by the form that a user would paste. The same job, arguments and answers as ../python/clients.py;
// snippets are compiled in, a class each, which the test writes.

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;
import io.lettuce.core.api.StatefulRedisConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import redis.clients.jedis.RedisClient;

public class Clients {
  static final int WORKERS = 3;

  interface Pasted {
    Object open() throws Exception;
  }

  interface Kind {
    default boolean shared() {
      return false;
    }

    Object open(String form, String key) throws Exception;

    void write(Object opened, String row) throws Exception;

    List<String> read(Object opened, String start) throws Exception;

    default void close(Object opened) throws Exception {
      if (opened instanceof AutoCloseable closeable) closeable.close();
    }
  }

  static class Jdbc implements Kind {
    public Object open(String form, String key) throws Exception {
      return DriverManager.getConnection(form);
    }

    public void write(Object opened, String row) throws Exception {
      try (var statement =
          ((java.sql.Connection) opened).prepareStatement("INSERT INTO written (id) VALUES (?)")) {
        statement.setString(1, row);
        statement.executeUpdate();
      }
    }

    public List<String> read(Object opened, String start) throws Exception {
      try (var statement =
          ((java.sql.Connection) opened).prepareStatement("SELECT id FROM written WHERE id LIKE ?")) {
        statement.setString(1, start + "%");
        var found = new ArrayList<String>();
        try (var rows = statement.executeQuery()) {
          while (rows.next()) found.add(rows.getString(1));
        }
        return found;
      }
    }
  }

  static class Pool extends Jdbc {
    public boolean shared() {
      return true;
    }

    public Object open(String form, String key) throws Exception {
      return Forms.ALL.get(key).open();
    }

    public void write(Object opened, String row) throws Exception {
      try (var session = ((DataSource) opened).getConnection()) {
        super.write(session, row);
      }
    }

    public List<String> read(Object opened, String start) throws Exception {
      try (var session = ((DataSource) opened).getConnection()) {
        return super.read(session, start);
      }
    }
  }

  abstract static class Redis implements Kind {
    public boolean shared() {
      return true;
    }

    public Object open(String form, String key) throws Exception {
      return Forms.ALL.get(key).open();
    }

    abstract Set<String> members(Object opened, String set);

    public List<String> read(Object opened, String start) {
      return members(opened, "written:" + start.split("/")[0]).stream()
          .filter(row -> row.startsWith(start))
          .toList();
    }
  }

  static class Jedis extends Redis {
    public void write(Object opened, String row) {
      ((RedisClient) opened).sadd("written:" + row.split("/")[0], row);
    }

    Set<String> members(Object opened, String set) {
      return ((RedisClient) opened).smembers(set);
    }
  }

  @SuppressWarnings("unchecked")
  static class Lettuce extends Redis {
    public void write(Object opened, String row) {
      ((StatefulRedisConnection<String, String>) opened)
          .sync()
          .sadd("written:" + row.split("/")[0], row);
    }

    Set<String> members(Object opened, String set) {
      return ((StatefulRedisConnection<String, String>) opened).sync().smembers(set);
    }
  }

  record Amqp(Connection connection, Channel channel) {}

  static class RabbitMq implements Kind {
    static final String QUEUE = "java";

    public Object open(String form, String key) throws Exception {
      var connection = (Connection) Forms.ALL.get(key).open();
      var channel = connection.createChannel();
      channel.confirmSelect();
      channel.queueDeclare(QUEUE, true, false, false, null);
      return new Amqp(connection, channel);
    }

    public void write(Object opened, String row) throws Exception {
      var channel = ((Amqp) opened).channel();
      channel.basicPublish(
          "", QUEUE, MessageProperties.PERSISTENT_BASIC, row.getBytes(StandardCharsets.UTF_8));
      channel.waitForConfirmsOrDie(30_000);
    }

    public List<String> read(Object opened, String start) throws Exception {
      var found = new ArrayList<String>();
      while (true) {
        var message = ((Amqp) opened).channel().basicGet(QUEUE, true);
        if (message == null) return found;
        var row = new String(message.getBody(), StandardCharsets.UTF_8);
        if (row.startsWith(start)) found.add(row);
      }
    }

    public void close(Object opened) {
      ((Amqp) opened).connection().abort(1000);
    }
  }

  static final Map<String, Kind> KINDS =
      Map.of(
          "pgjdbc", new Jdbc(),
          "hikaricp", new Pool(),
          "connector-j", new Jdbc(),
          "jedis", new Jedis(),
          "lettuce", new Lettuce(),
          "rabbitmq-java", new RabbitMq());

  static synchronized void say(Map<String, Object> line) {
    System.out.println(new Gson().toJson(line));
  }

  static String told(Throwable error) {
    var deepest = error;
    while (deepest.getCause() != null) deepest = deepest.getCause();
    var text = error.getClass().getSimpleName() + ": " + String.valueOf(error.getMessage()).split("\n")[0];
    if (deepest != error) text += " / " + deepest.getClass().getSimpleName() + ": " + deepest.getMessage();
    return text.substring(0, Math.min(text.length(), 200));
  }

  static void check(String client, String label, String form, int seconds) {
    var kind = KINDS.get(client);
    var begun = System.currentTimeMillis();
    var row = client + "/check-" + UUID.randomUUID();
    var error = "";
    var waited = new long[1];
    var alone = Executors.newSingleThreadExecutor(Clients::daemon);
    Future<?> act =
        alone.submit(
            () -> {
              var opened = kind.open(form, client + "/" + label);
              kind.write(opened, row);
              waited[0] = System.currentTimeMillis() - begun;
              var found = kind.read(opened, row);
              if (!found.equals(List.of(row))) throw new IllegalStateException("read " + found);
              kind.close(opened);
              return true;
            });
    try {
      act.get(seconds, TimeUnit.SECONDS);
    } catch (ExecutionException failed) {
      error = told(failed.getCause());
    } catch (TimeoutException | InterruptedException late) {
      error = "nothing within " + seconds + " s";
    }
    var ms = waited[0] > 0 ? waited[0] : System.currentTimeMillis() - begun;
    say(Map.of("client", client, "label", label, "ok", error.isEmpty(), "ms", ms, "error", error));
  }

  static volatile boolean ended = false;

  static class Run {
    final Kind kind;
    final String client;
    final String form;
    final String start;
    final List<Long> acks = new ArrayList<>();
    final Set<String> rows = new HashSet<>();
    final List<List<Object>> errors = new ArrayList<>();
    Object opened;

    Run(String client, String form) {
      this.kind = KINDS.get(client);
      this.client = client;
      this.form = form;
      this.start = client + "/run-" + UUID.randomUUID().toString().substring(0, 8) + "-";
    }

    Object session() throws Exception {
      if (!kind.shared()) return kind.open(form, client + "/right");
      synchronized (this) {
        if (opened == null) opened = kind.open(form, client + "/right");
        return opened;
      }
    }

    void acknowledged(String row) {
      synchronized (rows) {
        acks.add(System.currentTimeMillis());
        rows.add(row);
        if (acks.size() == 1) say(Map.of("client", client, "ready", true));
      }
    }

    void work(int worker) {
      Object mine = null;
      for (var turn = 0; !ended; turn++) {
        var begun = System.currentTimeMillis();
        var row = start + worker + "-" + turn;
        try {
          if (mine == null) mine = session();
          kind.write(mine, row);
          acknowledged(row);
        } catch (Exception error) {
          synchronized (rows) {
            errors.add(List.of(begun, System.currentTimeMillis(), told(error)));
          }
          if (!kind.shared()) {
            try {
              kind.close(mine);
            } catch (Exception ignored) {
              // it is gone already
            }
            mine = null;
          }
        }
        try {
          Thread.sleep(200);
        } catch (InterruptedException interrupted) {
          return;
        }
      }
    }

    void tell() {
      var line = new HashMap<String, Object>();
      line.putAll(Map.of("client", client, "acks", acks, "errors", errors, "missing", List.of(), "twice", 0, "unread", ""));
      try {
        var found = kind.read(session(), start);
        var seen = new HashSet<>(found);
        line.put("missing", rows.stream().filter(row -> !seen.contains(row)).toList());
        line.put("twice", found.size() - seen.size());
      } catch (Exception error) {
        line.put("unread", told(error));
      }
      say(line);
    }
  }

  static Thread daemon(Runnable act) {
    var thread = new Thread(act);
    thread.setDaemon(true);
    return thread;
  }

  static void write(String client, String form) {
    var run = new Run(client, form);
    var workers = new ArrayList<Thread>();
    for (var n = 0; n < WORKERS; n++) {
      var worker = n;
      workers.add(daemon(() -> run.work(worker)));
    }
    workers.forEach(Thread::start);
    for (var worker : workers) {
      try {
        worker.join();
      } catch (InterruptedException interrupted) {
        return;
      }
    }
    run.tell();
  }

  public static void main(String[] args) throws Exception {
    JsonObject job = JsonParser.parseString(Files.readString(Path.of(args[1]))).getAsJsonObject();
    var threads = new ArrayList<Thread>();
    for (var entry : job.getAsJsonObject("clients").entrySet()) {
      var client = entry.getKey();
      if (!KINDS.containsKey(client)) continue;
      var forms = entry.getValue().getAsJsonObject();
      if (args[0].equals("write")) {
        threads.add(daemon(() -> write(client, forms.get("right").getAsString())));
        continue;
      }
      for (var form : forms.entrySet())
        threads.add(daemon(() -> check(client, form.getKey(), form.getValue().getAsString(), job.get("seconds").getAsInt())));
    }
    threads.forEach(Thread::start);
    if (args[0].equals("write")) {
      System.in.readAllBytes();
      ended = true;
    }
    for (var thread : threads) thread.join();
    System.exit(0);
  }
}
