package models_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/halfstep-ml/halfstep/models"
	"github.com/halfstep-ml/halfstep/models/bundles"
)

// messages are made up of the words of service talk, each of 40 code points. A model that reads one message again and again finds
// everything it needs in the processor's cache; one that serves does not.
func messages(n int) []string {
	words := []string{
		"物流", "太慢了", "还没", "发货", "退款", "什么时候", "到账", "质量", "很好", "客服", "态度", "差评", "谢谢", "订单", "发票", "修改", "地址", "，", "！",
		"where ", "is ", "my ", "order ", "refund ", "please ", "never ", "again ", "great ", "123", "😡",
	}
	random := rand.New(rand.NewPCG(5, 6))
	all := make([]string, n)
	for i := range all {
		var text []rune
		for len(text) < 40 {
			text = append(text, []rune(words[random.IntN(len(words))])...)
			text = append(text, rune(0x4e00+random.IntN(3000))) // and a character at random
		}
		all[i] = string(text[:40])
	}
	return all
}

// BenchmarkReadShipped is what a message of 40 code points costs each bundle that ships, messages before it included where it reads them.
func BenchmarkReadShipped(b *testing.B) {
	texts, err := models.LoadTexts(b.Context(), bundles.FS(), start(b))
	if err != nil {
		b.Fatal(err)
	}
	if len(texts) == 0 {
		b.Skip("no bundle that reads text ships")
	}
	all := messages(2000)
	for _, m := range texts {
		b.Cleanup(func() { m.Close() })
		b.Run(m.ID(), func(b *testing.B) { benchmarkRead(b, m, all) })
	}
}

func BenchmarkRead(b *testing.B) { benchmarkRead(b, loadText(b), messages(2000)) }

func benchmarkRead(b *testing.B, m *models.TextModel, all []string) {
	var out []float32
	took := make([]time.Duration, 0, 1<<16)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		before := time.Now()
		var err error
		if out, err = m.Read(b.Context(), out[:0], all[n%len(all)], all[(n+1)%len(all)], all[(n+2)%len(all)]); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(before))
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "us-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "us-p99")
}
