import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;

/** java -cp 'libs/*' MakeBatches.java FOLDER */
public class MakeBatches {
  static byte[] utf8(String s) {
    return s.getBytes(StandardCharsets.UTF_8);
  }

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    for (CompressionType type : CompressionType.values()) {
      batch(folder, type, 3);
      if (type != CompressionType.NONE) batch(folder, type, 2000);
    }
    flushedBlocks(folder);
  }

  static void batch(Path folder, CompressionType type, int count) throws Exception {
    MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 20),
      RecordBatch.MAGIC_VALUE_V2, Compression.of(type).build(), TimestampType.CREATE_TIME, 42L,
      RecordBatch.NO_TIMESTAMP, 7L, (short) 3, 100, false, 5);
    for (int i = 0; i < count; i++) {
      Header[] headers = i % 3 != 1 ? new Header[0]
        : new Header[] { new RecordHeader("trace", utf8("id-" + i)), new RecordHeader("none", null) };
      builder.append(1700000000000L + (i % 7) * 1000L - i,
        i % 5 == 2 ? null : utf8("key-" + i),
        i % 11 == 1 ? null : utf8("value-" + i + "-" + "odradek ".repeat(8)), headers);
    }
    ByteBuffer built = builder.build().buffer();
    byte[] bytes = new byte[built.remaining()];
    built.get(bytes);
    Files.write(folder.resolve("kafka-4.3.1-" + type.name + "-" + count + ".batch"), bytes);
  }

  static void flushedBlocks(Path folder) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ZstdOutputStream out = new ZstdOutputStream(bytes);
    out.setChecksum(true);
    for (int i = 0; i < 40; i++) {
      out.write(utf8((i + " odradek ").repeat(500)));
      out.flush();
    }
    out.close();
    Files.write(folder.resolve("zstd-jni-40-flushed-blocks.zst"), bytes.toByteArray());
  }
}
